using Tessera.Attention;
using Tessera.Cli.Inputs;
using Tessera.Layout;
using Tessera.Serialization;

namespace Tessera.Cli.Plans;

/// <summary>Reads plan files for commands.</summary>
internal static class PlanFiles
{
    /// <summary>Reads a plan file or its JSON.</summary>
    public static PlanFile Read(string path)
    {
        RequireFile(path);
        return Path.GetExtension(path).Equals(".json", StringComparison.OrdinalIgnoreCase)
            ? PlanDocumentReader.Read(File.ReadAllText(path), path)
            : PlanFile.Load(path);
    }

    /// <summary>The plan of a file for a single call.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tensors">What it must fit.</param>
    /// <param name="grid">Their grid.</param>
    /// <param name="method">Method that the user says made it, or null.</param>
    /// <exception cref="CommandException">It was made by another method.</exception>
    /// <exception cref="PlanMismatchException">It does not fit; the message names both shapes.</exception>
    public static AttentionPlan ReadFor(string path, HeadTensors tensors, TokenGrid grid, string? method)
    {
        PlanFile file = Read(path);
        file.RequireFit(tensors.Shape, grid);
        AttentionPlan plan = file.Schedule[StepContext.Standalone];
        if (method is not null && !plan.Name.StartsWith(method, StringComparison.Ordinal))
        {
            throw CommandException.BadInput(
                $"plan '{plan.Name}' in {path} was not made by method {method}; leave --method out or calibrate again.");
        }

        return plan with { Shape = tensors.Shape };
    }

    public static void RequireFile(string path)
    {
        if (!File.Exists(path))
        {
            throw CommandException.BadInput($"plan '{path}' does not exist.");
        }
    }
}
