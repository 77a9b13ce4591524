namespace Tessera.Wan.Pipeline;

/// <summary>Stages of a generation, in their order.</summary>
public enum GenerationStage
{
    /// <summary>Prompts become rows of features.</summary>
    TextEncoding,

    /// <summary>Noise becomes a latent video, step by step.</summary>
    Denoising,

    /// <summary>The latent becomes frames.</summary>
    Decoding,
}
