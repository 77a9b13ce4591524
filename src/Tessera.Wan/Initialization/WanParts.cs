namespace Tessera.Wan.Initialization;

/// <summary>Parts of a checkpoint.</summary>
[Flags]
public enum WanParts
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>The transformer and its <c>config.json</c>.</summary>
    Transformer = 1,

    /// <summary>The umT5 text encoder.</summary>
    TextEncoder = 2,

    /// <summary>The video autoencoder.</summary>
    Vae = 4,

    /// <summary>The tokenizer.</summary>
    Tokenizer = 8,

    /// <summary>The tiny autoencoder, an alternative to the video autoencoder for previews; no part of the model itself.</summary>
    TinyVae = 16,

    /// <summary>The whole model.</summary>
    All = Transformer | TextEncoder | Vae | Tokenizer,
}
