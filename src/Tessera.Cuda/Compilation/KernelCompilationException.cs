namespace Tessera.Cuda.Compilation;

/// <summary>NVRTC refused a kernel; the log says where.</summary>
public sealed class KernelCompilationException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">What failed.</param>
    /// <param name="log">What the compiler printed.</param>
    /// <param name="source">Name of the source.</param>
    public KernelCompilationException(string message, string log, string source)
        : base(log.Length > 0 ? $"{message}\n{log}" : message)
    {
        Log = log;
        SourceFile = source;
    }

    /// <summary>Makes the exception with its cause.</summary>
    public KernelCompilationException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Makes the exception.</summary>
    public KernelCompilationException(string message)
        : base(message)
    {
    }

    /// <summary>Makes the exception.</summary>
    public KernelCompilationException()
    {
    }

    /// <summary>What the compiler printed.</summary>
    public string Log { get; } = "";

    /// <summary>Name of the source.</summary>
    public string SourceFile { get; } = "";
}
