namespace Tessera.Media.Ffmpeg;

/// <summary>ffmpeg or ffprobe is not installed; the message says for what it was needed, how to install it and how to do without.</summary>
public sealed class FfmpegUnavailableException : Exception
{
    /// <summary>Makes the exception with its message.</summary>
    public FfmpegUnavailableException(string message)
        : base(message)
    {
    }

    /// <summary>Makes the exception with its cause.</summary>
    public FfmpegUnavailableException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Makes the exception.</summary>
    public FfmpegUnavailableException()
    {
    }
}
