namespace Tessera.Wan.Transformer;

/// <summary>Which of the two forward passes of classifier-free guidance a call belongs to. Both run the same attention plans.</summary>
public enum GuidanceBranch
{
    /// <summary>With the prompt.</summary>
    Conditional,

    /// <summary>With the negative prompt.</summary>
    Unconditional,
}
