using Tessera.Neural.Checkpoints;
using Tessera.Wan.Checkpoints;

namespace Tessera.Wan.Sampling;

/// <summary>
/// What the diffusers layout says about sampling in <c>scheduler_config.json</c>: the model's flow shift, and that the model is a flow
/// model with the solver that is implemented here.
/// </summary>
/// <param name="Solver">Solver that the file names.</param>
/// <param name="FlowShift">Shift of the noise levels.</param>
public sealed record SchedulerConfig(Solver Solver, double FlowShift)
{
    /// <summary>Reads the file.</summary>
    /// <exception cref="CheckpointFormatException">The file is damaged, or asks for another kind of sampling.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static SchedulerConfig Read(string path)
    {
        ConfigFile file = ConfigFile.Read(path);
        file.Require("_class_name", "\"UniPCMultistepScheduler\"", "\"FlowMatchEulerDiscreteScheduler\"");
        file.Require("num_train_timesteps", "1000");
        file.Require("use_dynamic_shifting", "false");
        file.Require("use_karras_sigmas", "false");
        file.Require("use_exponential_sigmas", "false");
        file.Require("use_beta_sigmas", "false");
        if (file.Has("shift"))
        {
            return new SchedulerConfig(Solver.Euler, Shift(file, "shift", 1));
        }

        file.Require("prediction_type", "\"flow_prediction\"");
        file.Require("use_flow_sigmas", "true");
        file.Require("predict_x0", "true");
        file.Require("solver_order", "2");
        file.Require("solver_type", "\"bh2\"");
        file.Require("lower_order_final", "true");
        file.Require("final_sigmas_type", "\"zero\"");
        file.Require("disable_corrector", "[]");
        file.Require("thresholding", "false");
        return new SchedulerConfig(Solver.UniPcDiffusers, Shift(file, "flow_shift", 1));
    }

    private static double Shift(ConfigFile file, string name, float absent) =>
        file.Positive(name, absent) is >= (float)SigmaTable.MinimumShift and <= (float)SigmaTable.MaximumShift and float shift
            ? shift
            : throw file.Fault($"'{name}' is out of range; wanted a shift from {SigmaTable.MinimumShift} to {SigmaTable.MaximumShift}");
}
