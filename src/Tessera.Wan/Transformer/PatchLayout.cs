using Tessera.Layout;
using Tessera.Wan.Autoencoder;

namespace Tessera.Wan.Transformer;

/// <summary>
/// Cuts a latent into patches of one frame, two rows and two columns, a token each, and puts them together again. The two ways differ in
/// the order of a token's numbers: going in they are (channel, row, column) as the convolution weight has them, coming out (row, column,
/// channel).
/// </summary>
internal static class PatchLayout
{
    /// <summary>Rows and columns of a patch.</summary>
    public const int Size = 2;

    /// <summary>Tokens of a latent.</summary>
    /// <exception cref="ArgumentException">A size is below 1, or height or width is odd.</exception>
    public static TokenGrid GridOf(LatentShape shape)
    {
        if (shape.Frames < 1 || shape.Height < Size || shape.Width < Size || shape.Height % Size != 0 || shape.Width % Size != 0)
        {
            throw new ArgumentException(
                $"A latent of {shape} is no whole number of {Size}x{Size} patches; wanted positive sizes with even height and width, "
                    + "which are videos of a height and width divisible by 16.",
                nameof(shape));
        }

        return new TokenGrid(shape.Frames, shape.Height / Size, shape.Width / Size);
    }

    /// <summary>Copies patches to rows.</summary>
    /// <param name="latent">[channels, frames, height, width].</param>
    /// <param name="shape">Its sizes.</param>
    /// <param name="order">Order of the rows, or null for frame, row, column.</param>
    /// <param name="patches">Receives [tokens, channels * 4].</param>
    public static void Cut(ReadOnlySpan<float> latent, LatentShape shape, TokenOrder? order, Span<float> patches)
    {
        TokenGrid grid = GridOf(shape);
        int volume = LatentShape.Channels * Size * Size;
        for (int row = 0; row < grid.Tokens; row++)
        {
            Span<float> patch = patches.Slice(row * volume, volume);
            int corner = CornerOf(shape, grid, order?.TokenAt(row) ?? row);
            for (int channel = 0; channel < LatentShape.Channels; channel++)
            {
                int first = corner + (channel * ChannelStride(shape));
                latent.Slice(first, Size).CopyTo(patch.Slice(channel * Size * Size, Size));
                latent.Slice(first + shape.Width, Size).CopyTo(patch.Slice((channel * Size * Size) + Size, Size));
            }
        }
    }

    /// <summary>Copies rows back into a latent.</summary>
    /// <param name="patches">[tokens, 4 * channels].</param>
    /// <param name="shape">Sizes of the latent.</param>
    /// <param name="order">Order of the rows, or null for frame, row, column.</param>
    /// <param name="latent">Receives [channels, frames, height, width].</param>
    public static void Join(ReadOnlySpan<float> patches, LatentShape shape, TokenOrder? order, Span<float> latent)
    {
        TokenGrid grid = GridOf(shape);
        int volume = LatentShape.Channels * Size * Size;
        for (int row = 0; row < grid.Tokens; row++)
        {
            ReadOnlySpan<float> patch = patches.Slice(row * volume, volume);
            int corner = CornerOf(shape, grid, order?.TokenAt(row) ?? row);
            for (int place = 0; place < Size * Size; place++)
            {
                int first = corner + (place / Size * shape.Width) + (place % Size);
                for (int channel = 0; channel < LatentShape.Channels; channel++)
                {
                    latent[first + (channel * ChannelStride(shape))] = patch[(place * LatentShape.Channels) + channel];
                }
            }
        }
    }

    private static int ChannelStride(LatentShape shape) => shape.Frames * shape.Height * shape.Width;

    private static int CornerOf(LatentShape shape, TokenGrid grid, int token)
    {
        (int frame, int row, int column) = grid.CoordinatesOf(token);
        return (((frame * shape.Height) + (row * Size)) * shape.Width) + (column * Size);
    }
}
