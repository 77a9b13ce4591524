namespace Tessera.Methods.Paro;

/// <summary>How block maps of several prompts, steps and guidance branches become one mask.</summary>
public enum ParoCombination
{
    /// <summary>Mean importance of each block.</summary>
    Mean = 0,

    /// <summary>Largest importance of each block.</summary>
    Max,

    /// <summary>One mask per observation at the target density, joined; the result is denser than the target.</summary>
    Union,
}
