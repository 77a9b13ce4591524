namespace Tessera.Neural.Checkpoints;

/// <summary>
/// A checkpoint that cannot be used: tensors are missing, too many or of another shape, a configuration or tokenizer is damaged or
/// belongs to another model. The message names the file and every fault.
/// </summary>
public sealed class CheckpointFormatException : IOException
{
    /// <summary>Makes the exception with a message that names the file and the faults.</summary>
    public CheckpointFormatException(string message)
        : base(message)
    {
    }

    /// <summary>Makes the exception with its cause.</summary>
    public CheckpointFormatException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Makes the exception.</summary>
    public CheckpointFormatException()
    {
    }
}
