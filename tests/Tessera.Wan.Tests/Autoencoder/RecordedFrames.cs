using Tessera.Serialization;
using Tessera.TestKit;
using Tessera.Wan.Autoencoder;
using Xunit;

namespace Tessera.Wan.Tests.Autoencoder;

/// <summary>The frames that modules gave on, to compare with recordings [channels, frames, height, width].</summary>
internal sealed class RecordedFrames
{
    private readonly Dictionary<string, List<float[]>> _frames = new(StringComparer.Ordinal);

    public void Observe(string name, Frame frame)
    {
        if (!_frames.TryGetValue(name, out List<float[]>? frames))
        {
            _frames[name] = frames = [];
        }

        frames.Add(ToPlanes(frame.Values, frame.Channels));
    }

    /// <summary>Compares consecutive frames of a module with a recording.</summary>
    /// <param name="expected">[channels, frames, height, width].</param>
    /// <param name="name">Module.</param>
    /// <param name="first">First frame; moved behind the last that was compared.</param>
    /// <param name="tolerance">Largest difference.</param>
    public void Compare(StoredTensor expected, string name, ref int first, double tolerance)
    {
        Assert.True(_frames.ContainsKey(name), $"no module is called '{name}'; there are {string.Join(", ", _frames.Keys)}");
        (int channels, int count) = ((int)expected.Shape[0], (int)expected.Shape[1]);
        int plane = (int)(expected.Shape[2] * expected.Shape[3]);
        float[] actual = new float[expected.ElementCount];
        for (int t = 0; t < count; t++)
        {
            float[] frame = _frames[name][first + t];
            Assert.Equal(channels * plane, frame.Length);
            for (int c = 0; c < channels; c++)
            {
                frame.AsSpan(c * plane, plane).CopyTo(actual.AsSpan(((c * count) + t) * plane));
            }
        }

        first += count;
        Golden.Close(expected, actual, tolerance);
    }

    /// <summary>[positions, channels] as [channels, positions].</summary>
    public static float[] ToPlanes(ReadOnlySpan<float> values, int channels)
    {
        float[] planes = new float[values.Length];
        int positions = values.Length / channels;
        for (int i = 0; i < values.Length; i++)
        {
            planes[((i % channels) * positions) + (i / channels)] = values[i];
        }

        return planes;
    }

    /// <summary>[channels, positions] as [positions, channels].</summary>
    public static float[] ToPositions(ReadOnlySpan<float> planes, int channels) => ToPlanes(planes, planes.Length / channels);
}
