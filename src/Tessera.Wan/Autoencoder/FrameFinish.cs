namespace Tessera.Wan.Autoencoder;

/// <summary>What a convolution does to its sums before it writes them.</summary>
internal enum FrameFinish
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>max(x, 0).</summary>
    Relu,

    /// <summary>Adds to what the output holds.</summary>
    Add,

    /// <summary>Adds a residual frame and takes max(x, 0).</summary>
    AddRelu,
}
