using System.Globalization;
using Tessera.Wan.Transformer;

namespace Tessera.Wan.SelfAttention;

/// <summary>Which calls <see cref="CapturingSelfAttention"/> writes, and where. Empty lists mean all.</summary>
/// <param name="Folder">Folder of the files; made when it is missing.</param>
public sealed record CaptureRequest(string Folder)
{
    private const string Form = "steps=0,10;layers=0,5;heads=0,1;branches=cond,uncond";

    /// <summary>Executed steps, from 0.</summary>
    public IReadOnlyList<int> Steps { get; init; } = [];

    /// <summary>Layers, from 0.</summary>
    public IReadOnlyList<int> Layers { get; init; } = [];

    /// <summary>Heads, from 0.</summary>
    public IReadOnlyList<int> Heads { get; init; } = [];

    /// <summary>Guidance branches; the conditional one by default.</summary>
    public IReadOnlyList<GuidanceBranch> Branches { get; init; } = [GuidanceBranch.Conditional];

    /// <summary>
    /// Parses <c>steps=0,10;layers=0,5;heads=0,1;branches=cond,uncond</c>. Parts may be left out; steps and layers must be named, because
    /// everything would fill a disk.
    /// </summary>
    /// <exception cref="FormatException">The text is not of that form.</exception>
    public static CaptureRequest Parse(string text, string folder)
    {
        ArgumentNullException.ThrowIfNull(text);
        CaptureRequest request = new(folder);
        foreach (string part in text.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            string[] sides = part.Split('=', StringSplitOptions.TrimEntries);
            string[] values = sides.Length == 2 ? sides[1].Split(',', StringSplitOptions.TrimEntries) : [];
            request = (sides[0], values.Length) switch
            {
                ("steps", > 0) => request with { Steps = Numbers(text, values) },
                ("layers", > 0) => request with { Layers = Numbers(text, values) },
                ("heads", > 0) => request with { Heads = Numbers(text, values) },
                ("branches", > 0) => request with { Branches = [.. values.Select(value => Branch(text, value))] },
                _ => throw Fault(text, $"'{part}' is not one of steps, layers, heads, branches with a list"),
            };
        }

        return request.Steps.Count == 0 || request.Layers.Count == 0 ? throw Fault(text, "steps and layers must be named") : request;
    }

    /// <summary>Requires that what is asked for exists.</summary>
    /// <exception cref="ArgumentException">A step, layer or head does not; the message says what there is.</exception>
    public void RequireWithin(int steps, int layers, int heads)
    {
        Require(Steps, steps, "step");
        Require(Layers, layers, "layer");
        Require(Heads, heads, "head");
    }

    /// <summary>Whether a call is asked for.</summary>
    public bool Covers(in SelfAttentionCall call) =>
        (Steps.Count == 0 || Steps.Contains(call.Step.Step))
            && (Layers.Count == 0 || Layers.Contains(call.Step.Layer))
            && (Branches.Count == 0 || Branches.Contains(call.Branch));

    private static void Require(IReadOnlyList<int> wanted, int count, string what)
    {
        foreach (int index in wanted)
        {
            if ((uint)index >= (uint)count)
            {
                throw new ArgumentException($"Capture asks for {what} {index}; there are {what}s 0 to {count - 1}.", nameof(wanted));
            }
        }
    }

    private static int[] Numbers(string text, string[] values) =>
    [
        .. values.Select(value => int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? number
            : throw Fault(text, $"'{value}' is not a number from 0")).Distinct().Order(),
    ];

    private static GuidanceBranch Branch(string text, string value) => value switch
    {
        "cond" => GuidanceBranch.Conditional,
        "uncond" => GuidanceBranch.Unconditional,
        _ => throw Fault(text, $"branch '{value}' is not cond or uncond"),
    };

    private static FormatException Fault(string text, string what) =>
        new($"Capture '{text}' cannot be read: {what}; wanted for example {Form}.");
}
