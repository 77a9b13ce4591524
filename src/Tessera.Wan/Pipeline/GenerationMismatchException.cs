namespace Tessera.Wan.Pipeline;

/// <summary>An interrupted generation cannot be continued by another request; the message names every difference.</summary>
public sealed class GenerationMismatchException : IOException
{
    /// <summary>Makes the exception with its message.</summary>
    public GenerationMismatchException(string message)
        : base(message)
    {
    }

    /// <summary>Makes the exception with its cause.</summary>
    public GenerationMismatchException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Makes the exception.</summary>
    public GenerationMismatchException()
    {
    }
}
