namespace Tessera.Wan.Pipeline;

/// <summary>
/// A request that cannot be run: sizes that no latent has, or more memory than there is. Refused before any work; the message and
/// <see cref="Nearest"/> say what can be run instead and what it needs.
/// </summary>
public sealed class GenerationRefusedException : ArgumentException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">What is wrong and what can be run.</param>
    /// <param name="nearest">The nearest legal requests.</param>
    public GenerationRefusedException(string message, IReadOnlyList<GenerationEstimate> nearest)
        : base(message) => Nearest = nearest;

    /// <summary>Makes the exception with its message.</summary>
    public GenerationRefusedException(string message)
        : base(message)
    {
    }

    /// <summary>Makes the exception with its cause.</summary>
    public GenerationRefusedException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Makes the exception.</summary>
    public GenerationRefusedException()
    {
    }

    /// <summary>The nearest legal requests with what they need.</summary>
    public IReadOnlyList<GenerationEstimate> Nearest { get; } = [];
}
