using System.Globalization;
using Tessera.Media.Frames;

namespace Tessera.Media.Formats;

/// <summary>First line of a YUV4MPEG2 file.</summary>
/// <param name="Height">Rows of luma.</param>
/// <param name="Width">Columns of luma.</param>
/// <param name="Rate">Frames per second.</param>
/// <param name="RowStep">Luma rows per chroma row, 0 without chroma.</param>
/// <param name="ColumnStep">Luma columns per chroma column, 0 without chroma.</param>
/// <param name="ColumnOffset">Where the first chroma column lies, in luma columns: 0.5 between two (JPEG, MPEG-1) or 0 on the left one
/// (MPEG-2).</param>
/// <param name="FullRange">Whether values use 0..255.</param>
internal readonly record struct Y4mHeader(
    int Height, int Width, FrameRate Rate, int RowStep, int ColumnStep, double ColumnOffset, bool FullRange)
{
    /// <summary>Bytes that open every file.</summary>
    public const string Magic = "YUV4MPEG2";

    /// <summary>Rows of a chroma plane.</summary>
    public int ChromaHeight => RowStep == 0 ? 0 : (Height + RowStep - 1) / RowStep;

    /// <summary>Columns of a chroma plane.</summary>
    public int ChromaWidth => ColumnStep == 0 ? 0 : (Width + ColumnStep - 1) / ColumnStep;

    /// <summary>Bytes of a frame.</summary>
    public int FrameBytes => checked((Height * Width) + (2 * ChromaHeight * ChromaWidth));

    /// <summary>Reads the line.</summary>
    /// <exception cref="MediaFormatException">It is not of this format, or of a kind not read here.</exception>
    public static Y4mHeader Parse(string line, string name)
    {
        string[] parts = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length == 0 || parts[0] != Magic)
        {
            throw new MediaFormatException($"{name} is not a Y4M file: its first line does not begin with {Magic}.");
        }

        int height = 0;
        int width = 0;
        FrameRate rate = FrameRate.Default;
        string chroma = "420";
        bool full = false;
        foreach (string part in parts.AsSpan(1))
        {
            string value = part[1..];
            switch (part[0])
            {
                case 'W':
                    width = Size(value);
                    break;
                case 'H':
                    height = Size(value);
                    break;
                case 'F' when FrameRate.TryParse(value, out FrameRate given):
                    rate = given;
                    break;
                case 'C':
                    chroma = value;
                    break;
                case 'X' when value == "COLORRANGE=FULL":
                    full = true;
                    break;
                case 'I' when value is not ("p" or "?"):
                    throw new MediaFormatException(
                        $"{name}: interlaced Y4M ('{part}') is not read; deinterlace with: ffmpeg -i in.y4m -vf yadif out.y4m");
                default:
                    break;
            }
        }

        if (height < 1 || width < 1 || (Int128)height * width * 3 > Array.MaxLength)
        {
            throw new MediaFormatException($"{name}: the first line gives no usable size (H{height} W{width}).");
        }

        (int rowStep, int columnStep, double offset) = chroma switch
        {
            "420" or "420jpeg" => (2, 2, 0.5),
            "420mpeg2" or "420paldv" => (2, 2, 0.0),
            "422" => (1, 2, 0.0),
            "444" => (1, 1, 0.0),
            "mono" => (0, 0, 0.0),
            _ => throw new MediaFormatException(
                $"{name}: chroma layout C{chroma} is not read; wanted 8-bit 420, 422, 444 or mono (convert with: ffmpeg -i in.y4m "
                + "-pix_fmt yuv444p out.y4m)."),
        };
        return new Y4mHeader(height, width, rate, rowStep, columnStep, offset, full);
    }

    private static int Size(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int size) ? size : 0;
}
