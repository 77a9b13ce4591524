using System.Globalization;
using System.Text;

namespace Tessera.Media.Reports;

/// <summary>What the figures mean, for readers who meet them for the first time. Only terms that the page uses are explained.</summary>
internal static class TermsSection
{
    public static void Write(StringBuilder html, CompareReportData data)
    {
        html.Append("<section>\n<h2>How to read this page</h2>\n<dl class=\"terms\">\n");
        Term(
            html, "Attention",
            "For every token (query), scores against all tokens (keys) become shares that sum to one by softmax; the output is the mix of "
            + "all values by these shares. N tokens need N² scores, which is why long videos are slow.");
        Term(
            html, "Block",
            "Scores are computed in tiles, usually 64 queries by 64 keys. Sparse attention leaves whole tiles out; nothing smaller than a "
            + "tile saves time.");
        Term(html, "Density", "Share of tiles that are computed. 100 % is dense attention; at 25 % three of four tiles are skipped.");
        Term(
            html, "Kept mass",
            "Share of the dense softmax that lies in the computed tiles, averaged over queries. 100 % loses nothing; what is missing is "
            + "spread over the rest by the softmax.");
        Term(
            html, "Cosine",
            "Whether the output points the same way as the dense output: 1 is the same direction. It forgives a wrong length, so read it "
            + "together with an error.");
        Term(
            html, "Relative L1, L2",
            "Sum of absolute differences over the sum of absolute dense values; root of the summed squared differences over that of the "
            + "dense values. 0.05 is five percent off.");
        Term(html, "RMSE", "Root mean square difference, in units of the output.");
        Term(html, "Speed-up", "Time of the dense method in this table divided by the time of this one, on the machine named above.");
        if (data.Maps.Count > 0 || data.Methods.Any(static method => method.HeadOrders.Count > 0))
        {
            Term(
                html, "Order",
                "How the axes of the video are nested when tokens become a list: in FHW frames are outermost and columns innermost, as a "
                + "video is stored; in HWF a pixel’s frames stand side by side. Reordering tokens changes nothing but where the "
                + "light of the map falls, and so which tiles can be dropped.");
        }

        if (data.Clips is not null)
        {
            Term(html, "PSNR", "Peak signal to noise ratio between two clips in decibels: 30 dB shows on a close look, 40 dB hardly ever.");
        }

        html.Append("</dl>\n</section>\n");
    }

    private static void Term(StringBuilder html, string term, string meaning) =>
        html.Append(CultureInfo.InvariantCulture, $"<dt>{ReportText.Escape(term)}</dt><dd>{ReportText.Escape(meaning)}</dd>\n");
}
