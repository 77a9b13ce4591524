using System.Globalization;
using Tessera.Wan.Autoencoder;

namespace Tessera.Wan.Pipeline;

/// <summary>Sizes that a model can make, and the nearest ones to a size that it cannot.</summary>
internal static class GenerationLimits
{
    /// <summary>Pixels of a token along height and width: a latent patch of 2 x 2.</summary>
    public const int TokenSide = 2 * LatentShape.SpaceScale;

    /// <summary>Positions of the rotary embedding along each axis.</summary>
    public const int Positions = 1024;

    /// <summary>Most pixels along height or width.</summary>
    public const int MaximumSide = TokenSide * Positions;

    /// <summary>Most frames.</summary>
    public const int MaximumFrames = (LatentShape.TimeScale * (Positions - 1)) + 1;

    /// <summary>What is wrong with the sizes of a request, in words; empty for legal ones.</summary>
    public static IReadOnlyList<string> FaultsOf(GenerationRequest request)
    {
        List<string> faults = [];
        if (request.FrameCount is < 1 or > MaximumFrames)
        {
            faults.Add(Text($"{request.FrameCount} frames are not 1 to {MaximumFrames}"));
        }
        else if ((request.FrameCount - 1) % LatentShape.TimeScale != 0)
        {
            faults.Add(Text($"{request.FrameCount} frames are not 4n + 1"));
        }

        AddSide(faults, "width", request.Width);
        AddSide(faults, "height", request.Height);
        return faults;
    }

    /// <summary>The nearest legal requests: every size down, and every size up.</summary>
    public static IReadOnlyList<GenerationRequest> Nearest(GenerationRequest request)
    {
        GenerationRequest down = request with
        {
            FrameCount = Frames(request.FrameCount, 0),
            Width = Side(request.Width, 0),
            Height = Side(request.Height, 0),
        };
        GenerationRequest up = request with
        {
            FrameCount = Frames(request.FrameCount, LatentShape.TimeScale - 1),
            Width = Side(request.Width, TokenSide - 1),
            Height = Side(request.Height, TokenSide - 1),
        };
        return SizeOf(down) == SizeOf(up) ? [down] : [down, up];
    }

    /// <summary>The largest requests that fit: fewer frames at the same size, and a smaller size of the same length.</summary>
    /// <param name="request">A legal request that does not fit.</param>
    /// <param name="fits">Whether a request fits; smaller ones fit where larger ones do.</param>
    public static IReadOnlyList<GenerationRequest> Largest(GenerationRequest request, Func<GenerationRequest, bool> fits)
    {
        List<GenerationRequest> found = [];
        Add(
            found, (request.FrameCount - 1) / LatentShape.TimeScale, fits,
            n => request with { FrameCount = (LatentShape.TimeScale * n) + 1 });
        int longer = Math.Max(request.Width, request.Height);
        Add(found, (longer / TokenSide) - 1, fits, n => request with
        {
            Width = Scaled(request.Width, (n + 1) * TokenSide, longer),
            Height = Scaled(request.Height, (n + 1) * TokenSide, longer),
        });
        return found;
    }

    private static void Add(
        List<GenerationRequest> found, int count, Func<GenerationRequest, bool> fits, Func<int, GenerationRequest> make)
    {
        int low = -1;
        int high = count;
        while (high - low > 1)
        {
            int middle = (low + high) / 2;
            (low, high) = fits(make(middle)) ? (middle, high) : (low, middle);
        }

        if (low >= 0)
        {
            found.Add(make(low));
        }
    }

    private static int Scaled(int pixels, int longer, int from) =>
        Math.Max(TokenSide, (int)((long)pixels * longer / from) / TokenSide * TokenSide);

    private static void AddSide(List<string> faults, string name, int pixels)
    {
        if (pixels is < TokenSide or > MaximumSide)
        {
            faults.Add(Text($"the {name} {pixels} is not {TokenSide} to {MaximumSide}"));
        }
        else if (pixels % TokenSide != 0)
        {
            faults.Add(Text($"the {name} {pixels} is no multiple of {TokenSide}"));
        }
    }

    private static int Frames(int frames, int slack) =>
        ((int)Math.Clamp((frames - 1L + slack) / LatentShape.TimeScale, 0, Positions - 1) * LatentShape.TimeScale) + 1;

    private static int Side(int pixels, int slack) => (int)Math.Clamp(((long)pixels + slack) / TokenSide, 1, Positions) * TokenSide;

    private static (int, int, int) SizeOf(GenerationRequest request) => (request.Width, request.Height, request.FrameCount);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
