using System.Globalization;

namespace Tessera.Media.Frames;

/// <summary>Frames per second as the exact fraction that files carry, for example 30000/1001.</summary>
public readonly record struct FrameRate
{
    /// <summary>Makes a rate.</summary>
    /// <param name="Numerator">Frames, at least 1.</param>
    /// <param name="Denominator">Seconds in which they pass, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A part is below 1.</exception>
    public FrameRate(int Numerator, int Denominator = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Numerator, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(Denominator, 1);
        this.Numerator = Numerator;
        this.Denominator = Denominator;
    }

    /// <summary>16 frames per second, the rate of Wan2.1.</summary>
    public static FrameRate Default => new(16);

    /// <summary>Frames.</summary>
    public int Numerator { get; }

    /// <summary>Seconds in which they pass.</summary>
    public int Denominator { get; }

    /// <summary>The rate as a number.</summary>
    public double FramesPerSecond => (double)Numerator / Denominator;

    /// <summary>Parses <c>25</c>, <c>30000/1001</c> or <c>30000:1001</c>.</summary>
    /// <returns>Whether the text is a positive fraction of 32-bit numbers.</returns>
    public static bool TryParse(string? text, out FrameRate rate)
    {
        rate = Default;
        string[] parts = (text ?? string.Empty).Split('/', ':');
        int denominator = 1;
        bool whole = parts.Length is 1 or 2
            && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out _)
            && (parts.Length == 1 || int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out denominator));
        if (!whole || int.Parse(parts[0], CultureInfo.InvariantCulture) is not (> 0 and int numerator) || denominator < 1)
        {
            return false;
        }

        rate = new FrameRate(numerator, denominator);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => Denominator == 1 ? $"{Numerator}" : $"{Numerator}/{Denominator}";
}
