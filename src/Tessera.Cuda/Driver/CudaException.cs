namespace Tessera.Cuda.Driver;

/// <summary>A call of the driver or of the device failed; the message names the call, the code and what it means here.</summary>
public sealed class CudaException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">The call, the code and the remedy.</param>
    /// <param name="code">CUresult of the driver; 0 when no driver is involved.</param>
    public CudaException(string message, int code = 0)
        : base(message) => Code = code;

    /// <summary>Makes the exception with its cause.</summary>
    public CudaException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Makes the exception.</summary>
    public CudaException()
    {
    }

    /// <summary>CUresult of the driver; 0 when no driver is involved.</summary>
    public int Code { get; }
}
