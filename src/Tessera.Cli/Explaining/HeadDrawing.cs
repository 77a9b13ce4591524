using System.Globalization;
using System.Net;
using System.Text;
using Tessera.Cli.Output;
using Tessera.Media.Drawing;
using Tessera.Media.Formats;

namespace Tessera.Cli.Explaining;

/// <summary>Draws an explained head to a picture or a self-contained page.</summary>
internal static class HeadDrawing
{
    private const int Cells = 256;
    private const int Pixels = 512;
    private const int Gap = 16;

    private const string Style =
        "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#1b1f24;background:#fff}"
        + "img{width:100%;image-rendering:pixelated}.two{display:grid;grid-template-columns:1fr 1fr;gap:1rem}figure{margin:0}"
        + "table{border-collapse:collapse}td,th{padding:.2rem .8rem;text-align:right;border-bottom:1px solid #d0d7de}"
        + "td:first-child,th:first-child{text-align:left}.chosen{font-weight:bold}";

    /// <summary>Writes .png or .html, as the name ends.</summary>
    public static void Write(OutputFile output, HeadExplanation explanation)
    {
        RasterImage natural = Draw(explanation.NaturalMap(Cells), isMasked: false);
        RasterImage reordered = Draw(explanation.ReorderedMap(Cells), isMasked: true);
        if (Path.GetExtension(output.FullPath).Equals(".png", StringComparison.OrdinalIgnoreCase))
        {
            output.Write(stream => stream.Write(PngEncoder.Encode(SideBySide(natural, reordered))));
        }
        else
        {
            output.Write(Page(explanation.Report, natural, reordered));
        }
    }

    private static RasterImage Draw(HeatMap map, bool isMasked)
    {
        HeatmapOptions options = new() { CellSize = Math.Max(1, Pixels / Math.Max(map.Rows, map.Columns)), Decades = HeatMap.Decades };
        return Heatmap.Draw(map.Mass, map.Rows, map.Columns, options, isMasked ? [.. map.Kept.Select(static kept => (float)kept)] : []);
    }

    private static RasterImage SideBySide(RasterImage left, RasterImage right)
    {
        int height = Math.Max(left.Height, right.Height);
        int width = left.Width + Gap + right.Width;
        byte[] pixels = new byte[height * width * left.Channels];
        Array.Fill(pixels, byte.MaxValue);
        Copy(left, 0);
        Copy(right, left.Width + Gap);
        return new RasterImage(height, width, left.Channels, pixels);

        void Copy(RasterImage image, int column)
        {
            int bytes = image.Width * image.Channels;
            for (int row = 0; row < image.Height; row++)
            {
                image.Pixels.AsSpan(row * bytes, bytes).CopyTo(pixels.AsSpan(((row * width) + column) * image.Channels));
            }
        }
    }

    private static string Page(ExplainReport report, RasterImage natural, RasterImage reordered)
    {
        StringBuilder html = new();
        string title = string.Create(CultureInfo.InvariantCulture, $"Head {report.Head} of {report.Input.Source}: a {report.Kind} head");
        html.Append(
            CultureInfo.InvariantCulture,
            $"<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"/><title>{Escape(title)}</title><style>{Style}</style>"
            + $"</head>\n<body>\n");
        html.Append(CultureInfo.InvariantCulture, $"<h1>{Escape(title)}</h1>\n<p>{Escape(report.Description)}</p>\n<div class=\"two\">\n");
        Figure(
            html, natural,
            "Who looks at whom, tokens in natural order. Rows ask, columns answer, bright is much attention (logarithmic, three powers of "
            + "ten).");
        Figure(html, reordered, $"The same in order {report.Order}. The line runs around the blocks that are computed; grey is skipped.");
        html.Append(
            CultureInfo.InvariantCulture,
            $"</div>\n<p>Order {Escape(report.Order)} computes {report.BlocksComputed} of {report.BlocksTotal} blocks of "
            + $"{report.BlockSize} tokens ({Figures.Share(report.Density)}) and keeps {Figures.Share(report.KeptMass)} of the "
            + $"attention. Each of {report.Input.Tokens} tokens spreads over about {report.EffectiveKeys:0} keys.</p>\n");
        html.Append("<table>\n<tr><th>order</th><th>kept mass</th><th>nearly empty blocks</th><th>incoherence</th></tr>\n");
        foreach (OrderFigures order in report.Orders)
        {
            html.Append(
                CultureInfo.InvariantCulture,
                $"<tr{(order.Order == report.Order ? " class=\"chosen\"" : "")}><td>{Escape(order.Order)}</td>"
                + $"<td>{Figures.Share(order.KeptMass)}</td><td>{Figures.Share(order.EmptyShare)}</td><td>{order.Incoherence:0.0}</td>"
                + $"</tr>\n");
        }

        return html.Append("</table>\n</body>\n</html>\n").ToString();
    }

    private static void Figure(StringBuilder html, RasterImage image, string caption) => html.Append(
        CultureInfo.InvariantCulture,
        $"<figure><img alt=\"{Escape(caption)}\" src=\"data:image/png;base64,{Convert.ToBase64String(PngEncoder.Encode(image))}\"/>"
        + $"<figcaption>{Escape(caption)}</figcaption></figure>\n");

    private static string Escape(string text) => WebUtility.HtmlEncode(text);
}
