namespace Tessera.Methods.Paro;

/// <summary>Which denoising steps share a mask: a mask group for each step. Immutable.</summary>
public sealed class ParoTimeSharing
{
    private readonly int[] _groupOfStep;

    private ParoTimeSharing(string name, int[] groupOfStep)
    {
        Name = name;
        _groupOfStep = groupOfStep;
        Groups = groupOfStep.Max() + 1;
    }

    /// <summary>Name with parameters.</summary>
    public string Name { get; }

    /// <summary>Number of masks.</summary>
    public int Groups { get; }

    /// <summary>Steps of the sampler.</summary>
    public int Steps => _groupOfStep.Length;

    /// <summary>Mask group of each step.</summary>
    public IReadOnlyList<int> GroupOfStep => _groupOfStep;

    /// <summary>One mask for all steps.</summary>
    public static ParoTimeSharing Single(int steps) => new($"single-s{Require(steps)}", new int[steps]);

    /// <summary>
    /// The paper's scheme: a mask per step in the first half, one shared mask for the second. 30 steps have 15 + 1 masks.
    /// </summary>
    public static ParoTimeSharing FirstHalf(int steps)
    {
        int[] groups = new int[Require(steps)];
        for (int step = 0; step < steps; step++)
        {
            groups[step] = Math.Min(step, steps / 2);
        }

        return new ParoTimeSharing($"first-half-s{steps}", groups);
    }

    /// <summary>The released code's scheme: group = floor(step / steps * groups).</summary>
    /// <exception cref="ArgumentOutOfRangeException">More groups than steps, or fewer than one.</exception>
    public static ParoTimeSharing Uniform(int steps, int groups)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(groups, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(groups, Require(steps));
        int[] groupOfStep = new int[steps];
        for (int step = 0; step < steps; step++)
        {
            groupOfStep[step] = (int)((long)step * groups / steps);
        }

        return new ParoTimeSharing($"uniform-s{steps}-t{groups}", groupOfStep);
    }

    /// <summary>An explicit table.</summary>
    /// <exception cref="ArgumentException">The table is empty, or its groups are not 0..T-1 with none left out.</exception>
    public static ParoTimeSharing Explicit(IReadOnlyList<int> groupOfStep)
    {
        ArgumentNullException.ThrowIfNull(groupOfStep);
        int[] used = [.. groupOfStep.Distinct().Order()];
        if (used.Length == 0 || used[0] != 0 || used[^1] != used.Length - 1)
        {
            throw new ArgumentException(
                $"Step-to-mask table [{string.Join(", ", groupOfStep)}] must use the groups 0..T-1 without gaps.", nameof(groupOfStep));
        }

        return new ParoTimeSharing($"explicit-s{groupOfStep.Count}-t{used.Length}", [.. groupOfStep]);
    }

    /// <summary>Group of one step.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The step is not in the table.</exception>
    public int GroupOf(int step) => (uint)step < (uint)_groupOfStep.Length
        ? _groupOfStep[step]
        : throw new ArgumentOutOfRangeException(nameof(step), step, $"Sharing {Name} knows the steps 0..{_groupOfStep.Length - 1}.");

    /// <inheritdoc/>
    public override string ToString() => Name;

    private static int Require(int steps)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        return steps;
    }
}
