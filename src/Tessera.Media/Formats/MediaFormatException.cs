namespace Tessera.Media.Formats;

/// <summary>A media file is damaged or of a kind that is not read here; the message names the file, the fault and what to do.</summary>
public sealed class MediaFormatException : Exception
{
    /// <summary>Makes the exception with its message.</summary>
    public MediaFormatException(string message)
        : base(message)
    {
    }

    /// <summary>Makes the exception with its cause.</summary>
    public MediaFormatException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Makes the exception.</summary>
    public MediaFormatException()
    {
    }
}
