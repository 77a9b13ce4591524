namespace Tessera.Methods.SparseVideoGen;

/// <summary>Which model family's mask.</summary>
public enum SparseVideoGenVariant
{
    /// <summary>By the grid: with text as HunyuanVideo, without as Wan.</summary>
    Auto = 0,

    /// <summary>Wan2.1: no text in the sequence; the first frame's slots are seen by all.</summary>
    Wan,

    /// <summary>HunyuanVideo and CogVideoX: text sees everything and is seen by all; no sink.</summary>
    Hunyuan,
}
