using Tessera.Attention;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Synthesis;

namespace Tessera.Methods.Paro;

/// <summary>
/// What PARO's metric picks on maps whose best order is known: Gaussian locality on a grid of 8x16x16 tokens with 64x64 blocks, alpha 0.5,
/// epsilon 1e-3, sigma 0.9. Mass is the share of attention in the best 205 of 1024 blocks (20 %). Deterministic. Locality is 1.5 tokens,
/// and 0.8 frames in the last row, which is the value that reproduces both of its recorded masses.
/// </summary>
public static class LocalityTable
{
    private const double Share = 0.2;

    private static readonly (string HeadType, double Locality, GridAxis[] Spread, LocalityTableReference Published)[] Rows =
    [
        ("isotropic", 1.5, [], new("HFW", 0.861, "HFW", 0.861, 0.920, 0.927)),
        ("spread over F, local in H and W", 1.5, [GridAxis.Frame], new("HFW", 0.767, "HWF", 0.920, 0.920, 0.870)),
        ("spread over W, local in F and H", 1.5, [GridAxis.Width], new("FWH", 0.493, "HFW", 0.861, 0.861, 0.741)),
        ("spread over H and W, local in F", 0.8, [GridAxis.Height, GridAxis.Width], new("HWF", 0.200, "FHW", 0.702, 0.702, 0.373)),
    ];

    /// <summary>Computes the table; about a second.</summary>
    public static IReadOnlyList<LocalityTableRow> Compute() =>
        [.. Rows.Select(static row => ComputeRow(row.HeadType, row.Locality, row.Spread, row.Published))];

    private static LocalityTableRow ComputeRow(string headType, double locality, GridAxis[] spread, LocalityTableReference published)
    {
        TokenGrid grid = new(8, 16, 16);
        GaussianLocality map = new(grid, locality, spread);
        ParoOptions options = new() { CandidateTiles = [new TileShape(4, 4, 4)] };
        BlockLattice lattice = new(grid, BlockSize.Default, options, ParoCandidateOrders.List(grid, options));
        double blockCount = lattice.QueryBlocks * lattice.KeyBlocks;
        BlockSelector selector = new(
            lattice, options with { Density = Math.Round(Share * blockCount) / blockCount, MinimumBlocksPerRow = 0 });
        double[] mass = new double[lattice.Orders.Length];
        BlockMapTerms[] terms = new BlockMapTerms[lattice.Orders.Length];
        BlockMapStatistics statistics = new(lattice.Slots, lattice.Slots, lattice.Size);
        for (int candidate = 0; candidate < mass.Length; candidate++)
        {
            map.ReadBlocks(lattice.Orders[candidate], options.Epsilon.For(grid.Tokens), statistics);
            BlockMap blocks = new(statistics.Sum, statistics.Sum, new bool[statistics.Sum.Length]);
            selector.Select([blocks], selector.AllRows);
            mass[candidate] = blocks.KeptShare(selector.AllRows, lattice.KeyBlocks);
            terms[candidate] = BlockMapTerms.Of(statistics, lattice, selector.AllRows, options.Sigma);
        }

        int axes = AxisOrder.All.Count;
        double[] axisMass = mass[..axes];
        int printed = ParoScoring.Best(ParoScoring.Scores(ParoMetric.PaperAsPrinted, options.Alpha, terms[..axes], axisMass, null));
        int corrected = ParoScoring.Best(ParoScoring.Scores(ParoMetric.CorrectedPaper, options.Alpha, terms[..axes], axisMass, null));
        double best = axisMass.Max();
        IEnumerable<string> ties = Enumerable.Range(0, axes)
            .Where(candidate => best - axisMass[candidate] < 1e-6)
            .Select(candidate => lattice.Orders[candidate].Name);
        return new LocalityTableRow(
            headType, lattice.Orders[printed].Name, mass[printed], lattice.Orders[corrected].Name, mass[corrected],
            string.Join('/', ties), best, mass[axes], published);
    }
}
