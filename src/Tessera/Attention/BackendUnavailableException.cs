namespace Tessera.Attention;

/// <summary>A backend that was asked for by name cannot run a plan; the message says why. There is no silent fallback.</summary>
public sealed class BackendUnavailableException : Exception
{
    /// <summary>Makes the exception with the reason.</summary>
    public BackendUnavailableException(string message)
        : base(message)
    {
    }

    /// <summary>Makes the exception with its cause.</summary>
    public BackendUnavailableException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Makes the exception.</summary>
    public BackendUnavailableException()
    {
    }
}
