namespace Tessera.Neural.Products;

/// <summary>Where the sums of a product go, and what meets them there. Pointers are to the first row and column.</summary>
internal unsafe struct ProductOutput
{
    /// <summary>First number of the output.</summary>
    public float* Output;

    /// <summary>Floats between rows of output and residual.</summary>
    public nint Stride;

    /// <summary>One number a column, or null.</summary>
    public float* Bias;

    /// <summary>One number a column, or null.</summary>
    public float* Gate;

    /// <summary>As the output, or null.</summary>
    public float* Residual;
}
