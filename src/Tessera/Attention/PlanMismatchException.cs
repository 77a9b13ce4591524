namespace Tessera.Attention;

/// <summary>A plan whose parts do not fit each other, the inputs or the file it came from.</summary>
public sealed class PlanMismatchException : Exception
{
    /// <summary>Makes the exception with a message that names both sides.</summary>
    public PlanMismatchException(string message)
        : base(message)
    {
    }

    /// <summary>Makes the exception with its cause.</summary>
    public PlanMismatchException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Makes the exception.</summary>
    public PlanMismatchException()
    {
    }
}
