using Tessera.Attention;
using Tessera.Layout;
using Tessera.Masks;
using Tessera.Quantization;

namespace Tessera.Methods.Paro;

/// <summary>
/// From the chosen orders' block maps to plans: selection over all heads and groups, empty heads, dense fallback, masks, report.
/// </summary>
internal sealed class ParoMaskAssembly(
    PlanningContext context, AttentionShape shape, ParoOptions options, ParoTimeSharing sharing, BlockLattice lattice,
    BlockSelector selector, ParoOrderChoice[] choices, Func<int, int, int, BlockMap?> mapOf)
{
    private readonly BlockMap[,] _maps = new BlockMap[sharing.Groups, shape.Heads];
    private readonly bool[,] _empty = new bool[sharing.Groups, shape.Heads];
    private readonly bool[,] _dense = new bool[sharing.Groups, shape.Heads];

    public ParoCalibration Assemble()
    {
        double threshold = Select();
        FallBackToDense();
        List<AttentionPlan> plans = [];
        List<ParoHeadReport> heads = [];
        for (int group = 0; group < sharing.Groups; group++)
        {
            plans.Add(Plan(group));
            for (int head = 0; head < shape.Heads; head++)
            {
                heads.Add(Report(group, head));
            }
        }

        return new ParoCalibration(plans, sharing, new ParoReport(heads, threshold));
    }

    /// <summary>Empty heads keep what is always kept, so the budget goes to the others; density counts them with what they keep.</summary>
    private double Select()
    {
        List<BlockMap> open = [];
        List<(int Group, int Head)> places = [];
        for (int group = 0; group < sharing.Groups; group++)
        {
            for (int head = 0; head < shape.Heads; head++)
            {
                BlockMap map = mapOf(group, head, -1)!;
                _maps[group, head] = map;
                _empty[group, head] = VideoMass(map) < options.EmptyHeadMass;
                if (_empty[group, head] && options.EmptyHeads == EmptyHeadPolicy.AlwaysKeptOnly)
                {
                    selector.KeepMinimum(map, selector.AllRows);
                    continue;
                }

                open.Add(map);
                places.Add((group, head));
            }
        }

        return options.Combination == ParoCombination.Union
            ? SelectUnion(open, places)
            : open.Count == 0 ? double.NaN : selector.Select(open, selector.AllRows);
    }

    private double SelectUnion(List<BlockMap> open, List<(int Group, int Head)> places)
    {
        for (int observation = 0; ; observation++)
        {
            List<BlockMap> observed = [];
            List<BlockMap> targets = [];
            for (int i = 0; i < open.Count; i++)
            {
                if (mapOf(places[i].Group, places[i].Head, observation) is { } map)
                {
                    observed.Add(map);
                    targets.Add(open[i]);
                }
            }

            if (observed.Count == 0)
            {
                return double.NaN;
            }

            selector.Select(observed, selector.AllRows);
            for (int i = 0; i < observed.Count; i++)
            {
                targets[i].Join(observed[i]);
            }
        }
    }

    /// <summary>Share of the video queries' mass that lies on video keys.</summary>
    private double VideoMass(BlockMap map)
    {
        double video = 0;
        double all = 0;
        for (int row = 0; row < lattice.QueryBlocks; row++)
        {
            for (int column = 0; !lattice.TextRow[row] && column < lattice.KeyBlocks; column++)
            {
                float mass = map.Mass[(row * lattice.KeyBlocks) + column];
                all += mass;
                video += lattice.TextColumn[column] ? 0 : mass;
            }
        }

        return all > 0 ? video / all : 1;
    }

    private void FallBackToDense()
    {
        for (int group = 0; group < sharing.Groups; group++)
        {
            for (int head = 0; head < shape.Heads; head++)
            {
                BlockMap map = _maps[group, head];
                double density = selector.Density([map], selector.AllRows, DensityCount.WholeMap);
                _dense[group, head] = density < 1
                    && (density > options.DenseFallbackDensity
                        || map.KeptShare(selector.AllRows, lattice.KeyBlocks) < options.MinimumKeptMass);
                if (_dense[group, head])
                {
                    KeepAll(map);
                }
            }
        }
    }

    private void KeepAll(BlockMap map)
    {
        for (int block = 0; block < map.Kept.Length; block++)
        {
            (int row, int column) = Math.DivRem(block, lattice.KeyBlocks);
            map.Kept[block] = lattice.RowTokens[row] > 0 && lattice.ColumnTokens[column] > 0;
        }
    }

    private AttentionPlan Plan(int group)
    {
        BlockMaskBuilder builder = new(shape.Heads, lattice.Slots, lattice.Slots, lattice.Size);
        for (int head = 0; head < shape.Heads; head++)
        {
            bool[] kept = _maps[group, head].Kept;
            for (int block = 0; block < kept.Length; block++)
            {
                if (kept[block])
                {
                    (int row, int column) = Math.DivRem(block, lattice.KeyBlocks);
                    builder.Keep(head, row, column);
                }
            }
        }

        QuantizationRecipe recipe = context.Recipe ?? KnownRecipes.Float32;
        BlockMask mask = builder.Build();
        TokenOrder[] orders = [.. choices.Select(choice => lattice.Orders[choice.Candidate])];
        bool natural = orders.All(static order => order.IsIdentity);
        return new AttentionPlan
        {
            Name = FormattableString.Invariant($"paro-{Target}{(recipe.IsExact ? "" : $"-{recipe.Name}")}"),
            Shape = shape,
            Grid = context.Grid,
            Orders = natural ? [] : orders,
            Mask = mask,
            Recipe = recipe,
            Scale = context.Scale,
            Normalization = options.Normalization,
        };
    }

    private string Target => options.Scope switch
    {
        ParoThresholdScope.PerRowMass => FormattableString.Invariant($"mass{options.RowMass:0.00}"),
        ParoThresholdScope.Fixed => FormattableString.Invariant($"tau{options.Threshold:0.###}"),
        _ => FormattableString.Invariant($"d{options.Density:0.00}"),
    };

    private ParoHeadReport Report(int group, int head)
    {
        BlockMap map = _maps[group, head];
        return new ParoHeadReport(
            group,
            head,
            lattice.Orders[choices[head].Candidate].Name,
            map.KeptShare(selector.AllRows, lattice.KeyBlocks),
            selector.Density([map], selector.AllRows, DensityCount.WholeMap),
            selector.Density([map], selector.AllRows, DensityCount.VideoOnly),
            _empty[group, head],
            _dense[group, head],
            choices[head].Scores);
    }
}
