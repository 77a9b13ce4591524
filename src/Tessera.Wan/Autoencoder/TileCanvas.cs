namespace Tessera.Wan.Autoencoder;

/// <summary>The video that tiles are blended into: every frame, because each tile is decoded from its first frame to its last.</summary>
internal sealed class TileCanvas
{
    private readonly LatentShape _shape;
    private readonly TileAxis _rows;
    private readonly TileAxis _columns;
    private readonly float[][] _frames;

    public TileCanvas(LatentShape shape, TileAxis rows, TileAxis columns)
    {
        (_shape, _rows, _columns) = (shape, rows, columns);
        _frames = [.. Enumerable.Range(0, shape.VideoFrames).Select(_ => new float[shape.VideoFrameLength])];
    }

    /// <summary>Bytes of a canvas.</summary>
    public static long Bytes(LatentShape shape) => (long)shape.VideoFrames * shape.VideoFrameLength * sizeof(float);

    /// <summary>Pixels of a frame, height x width x 3.</summary>
    public Span<float> Frame(int index) => _frames[index];

    /// <summary>Adds a frame of a tile with the tile's weights.</summary>
    public void Add(int index, int tileRow, int tileColumn, ReadOnlySpan<float> pixels)
    {
        ReadOnlySpan<float> rows = _rows.Weights(tileRow);
        ReadOnlySpan<float> columns = _columns.Weights(tileColumn);
        int top = _rows.Starts[tileRow] * LatentShape.SpaceScale;
        int left = _columns.Starts[tileColumn] * LatentShape.SpaceScale;
        int length = columns.Length * LatentShape.PixelChannels;
        for (int y = 0; y < rows.Length; y++)
        {
            Span<float> target = Frame(index).Slice(
                (((top + y) * _shape.VideoWidth) + left) * LatentShape.PixelChannels, length);
            ReadOnlySpan<float> source = pixels.Slice(y * length, length);
            for (int i = 0; i < length; i++)
            {
                target[i] += rows[y] * columns[i / LatentShape.PixelChannels] * source[i];
            }
        }
    }
}
