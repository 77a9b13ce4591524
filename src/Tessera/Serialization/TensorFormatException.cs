namespace Tessera.Serialization;

/// <summary>
/// A tensor file (safetensors, npy, plan) that is damaged, hostile or of a kind that is not read; the message names the file and the
/// tensor.
/// </summary>
public sealed class TensorFormatException : IOException
{
    /// <summary>Makes the exception with a message that names the file and the fault.</summary>
    public TensorFormatException(string message)
        : base(message)
    {
    }

    /// <summary>Makes the exception with its cause.</summary>
    public TensorFormatException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Makes the exception.</summary>
    public TensorFormatException()
    {
    }
}
