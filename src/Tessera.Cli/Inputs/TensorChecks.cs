using System.Numerics;
using Tessera.Attention;
using Tessera.Layout;

namespace Tessera.Cli.Inputs;

/// <summary>What loaded tensors must be before any work starts.</summary>
internal static class TensorChecks
{
    /// <summary>Refuses NaN and infinities.</summary>
    /// <exception cref="CommandException">An element is not finite; the message names tensor, position and file.</exception>
    public static void RequireFinite(string name, ReadOnlySpan<float> values, ReadOnlySpan<int> shape, string source)
    {
        int index = IndexOfNonFinite(values);
        if (index < 0)
        {
            return;
        }

        int[] position = new int[shape.Length];
        int rest = index;
        for (int axis = shape.Length - 1; axis >= 0; axis--)
        {
            rest = Math.DivRem(rest, shape[axis], out position[axis]);
        }

        throw CommandException.BadInput(
            $"tensor '{name}' in {source} holds {values[index]} at [{string.Join(", ", position)}]; attention needs finite numbers, so "
            + "clean the tensor where it was exported.");
    }

    /// <summary>Refuses a grid that does not have the tokens of the tensors.</summary>
    /// <exception cref="CommandException">The counts differ; the message names both and suggests a grid.</exception>
    public static void RequireGrid(TokenGrid grid, AttentionShape shape, string source)
    {
        if (grid.Tokens != shape.QueryLength)
        {
            throw CommandException.BadInput(
                $"grid {grid} has {grid.Tokens} tokens, but the tensors in {source} have "
                + $"{shape.QueryLength}{Suggest(grid, shape.QueryLength)}.");
        }
    }

    private static string Suggest(TokenGrid grid, int tokens)
    {
        int surplus = tokens - grid.Tokens;
        if (grid.TextTokens > 0 && tokens == grid.VideoTokens)
        {
            return $"; without text they agree: leave --text out";
        }

        if (tokens % grid.FrameTokens == 0)
        {
            return $"; {grid.Height}x{grid.Width} frames would be --grid {tokens / grid.FrameTokens}x{grid.Height}x{grid.Width}";
        }

        if (surplus > 0 && surplus < grid.VideoTokens && grid.TextTokens == 0)
        {
            return $"; if the other {surplus} are text, add --text {surplus}@front or {surplus}@back";
        }

        return grid.TextTokens > 0 && tokens > grid.VideoTokens
            ? $"; with this grid the text would be {tokens - grid.VideoTokens} tokens"
            : "; check frames, height and width of the latent grid after patching";
    }

    private static int IndexOfNonFinite(ReadOnlySpan<float> values)
    {
        int index = 0;
        // x * 0 is 0 for finite x and NaN otherwise, so one sum tells a whole run apart.
        for (Vector<float> zero = Vector<float>.Zero; index <= values.Length - Vector<float>.Count; index += Vector<float>.Count)
        {
            if (!Vector.EqualsAll(new Vector<float>(values[index..]) * zero, zero))
            {
                break;
            }
        }

        while (index < values.Length && float.IsFinite(values[index]))
        {
            index++;
        }

        return index < values.Length ? index : -1;
    }
}
