using Tessera.Layout;
using Tessera.Media.Frames;

namespace Tessera.Media.Heads;

/// <summary>
/// What each token looks like: the lowest DCT coefficients of its patch and the pixels around it, minus their mean over the clip. Because
/// the transform is orthonormal, distances between features are distances between low-passed windows of pixels.
/// </summary>
internal sealed class ContentFeatures
{
    private readonly float[] _features;
    private readonly float[] _squaredNorm;

    private ContentFeatures(int channels, float[] features)
    {
        Channels = channels;
        _features = features;
        int tokens = features.Length / channels;
        _squaredNorm = new float[tokens];
        double sum = 0;
        for (int token = 0; token < tokens; token++)
        {
            double norm = 0;
            foreach (float value in Of(token))
            {
                norm += (double)value * value;
            }

            _squaredNorm[token] = (float)norm;
            sum += norm;
        }

        Variance = sum / tokens;
    }

    /// <summary>Channels of a token.</summary>
    public int Channels { get; }

    /// <summary>Mean squared norm. Features have mean zero, so two random tokens are 2 x this apart (mean squared distance).</summary>
    public double Variance { get; }

    /// <summary>Features of a token.</summary>
    public ReadOnlySpan<float> Of(int token) => _features.AsSpan(token * Channels, Channels);

    /// <summary>Squared norm of a token's features.</summary>
    public float SquaredNorm(int token) => _squaredNorm[token];

    /// <summary>Computes the features of every token.</summary>
    public static ContentFeatures Of(VideoFrames clip, TokenGrid grid, ClipPatch patch, int margin, int channels)
    {
        int height = patch.Height + (2 * margin);
        int width = patch.Width + (2 * margin);
        PatchTransform transform = new(patch.Frames, height, width, channels);
        float[] window = new float[transform.Values];
        float[] features = new float[(long)grid.Tokens * transform.Coefficients];
        for (int token = 0; token < grid.Tokens; token++)
        {
            (int frame, int row, int column) = grid.CoordinatesOf(token);
            PatchPixels.Read(
                clip, frame * patch.Frames, (row * patch.Height) - margin, (column * patch.Width) - margin, patch.Frames, height, width,
                window);
            transform.Forward(window, features.AsSpan(token * transform.Coefficients, transform.Coefficients));
        }

        SubtractMean(features, transform.Coefficients);
        return new ContentFeatures(transform.Coefficients, features);
    }

    private static void SubtractMean(float[] features, int channels)
    {
        double[] mean = new double[channels];
        for (int i = 0; i < features.Length; i++)
        {
            mean[i % channels] += features[i];
        }

        int tokens = features.Length / channels;
        for (int i = 0; i < features.Length; i++)
        {
            features[i] -= (float)(mean[i % channels] / tokens);
        }
    }
}
