namespace Tessera.Cli.Generating;

/// <summary>What to do without a checkpoint.</summary>
internal static class CheckpointAdvice
{
    /// <summary>How to get one.</summary>
    public const string Text =
        "Wan2.1-T2V-1.3B and 14B are published by Wan-AI (original layout, and -Diffusers) at huggingface.co and modelscope.cn; "
            + "for a trial without a download, 'tessera wan init --config tiny' writes a small random model to wan-tiny-random, "
            + "whose videos are noise";

    /// <summary>No checkpoint was named.</summary>
    public static CommandException Missing() =>
        CommandException.Usage($"--checkpoint DIR is needed: the folder of a Wan2.1 model. {Text}.");

    /// <summary>The folder cannot be used.</summary>
    public static CommandException Unusable(Exception fault) =>
        CommandException.BadInput($"{fault.Message.TrimEnd('.')}. {Text}.", fault);
}
