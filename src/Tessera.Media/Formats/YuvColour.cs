namespace Tessera.Media.Formats;

/// <summary>
/// ITU-R BT.601 between RGB and YCbCr, both 8-bit. Limited range puts Y in 16..235 and chroma in 16..240, as Y4M files mean unless they say
/// otherwise; full range is JPEG's.
/// </summary>
internal readonly struct YuvColour
{
    private const float RedWeight = 0.299f;
    private const float BlueWeight = 0.114f;
    private const float GreenWeight = 1 - RedWeight - BlueWeight;

    private readonly float _lumaScale;
    private readonly float _lumaOffset;
    private readonly float _chromaScale;

    /// <summary>Chooses the range.</summary>
    public YuvColour(bool fullRange)
    {
        _lumaScale = fullRange ? 1 : 219f / 255;
        _lumaOffset = fullRange ? 0 : 16;
        _chromaScale = fullRange ? 1 : 224f / 255;
    }

    /// <summary>One pixel to RGB.</summary>
    public void ToRgb(float luma, float blue, float red, Span<byte> rgb)
    {
        float y = (luma - _lumaOffset) / _lumaScale;
        float b = (blue - 128) / _chromaScale * 2 * (1 - BlueWeight);
        float r = (red - 128) / _chromaScale * 2 * (1 - RedWeight);
        rgb[0] = Round(y + r);
        rgb[1] = Round(y - (((RedWeight * r) + (BlueWeight * b)) / GreenWeight));
        rgb[2] = Round(y + b);
    }

    /// <summary>One pixel from RGB, not rounded.</summary>
    public (float Luma, float Blue, float Red) FromRgb(ReadOnlySpan<byte> rgb)
    {
        float y = (RedWeight * rgb[0]) + (GreenWeight * rgb[1]) + (BlueWeight * rgb[2]);
        return (
            (y * _lumaScale) + _lumaOffset,
            ((rgb[2] - y) / (2 * (1 - BlueWeight)) * _chromaScale) + 128,
            ((rgb[0] - y) / (2 * (1 - RedWeight)) * _chromaScale) + 128);
    }

    /// <summary>Rounds to a byte.</summary>
    public static byte Round(float value) => (byte)Math.Clamp(MathF.Round(value), 0, 255);
}
