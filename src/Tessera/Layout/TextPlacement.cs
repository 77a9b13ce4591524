namespace Tessera.Layout;

/// <summary>Where the text tokens of a joint text-video sequence stand.</summary>
public enum TextPlacement
{
    /// <summary>The sequence holds video tokens only (Wan2.1: text goes through cross-attention).</summary>
    None = 0,

    /// <summary>Text stands before the video tokens (CogVideoX).</summary>
    Front = 1,

    /// <summary>Text stands after the video tokens (HunyuanVideo).</summary>
    Back = 2,
}
