namespace Tessera.Wan.Pipeline;

/// <summary>Turns finished layers and steps into reports.</summary>
internal sealed class DenoisingProgress(GenerationClock clock) : IProgress<int>
{
    private string _phase = "";
    private int _step;
    private int _layers;
    private int _done;

    /// <summary>A step begins.</summary>
    /// <param name="step">Step, from 0.</param>
    /// <param name="phase">What self-attention runs in it.</param>
    /// <param name="layers">Layers that will be run, over all passes.</param>
    public void BeginStep(int step, string phase, int layers)
    {
        (_step, _phase, _layers, _done) = (step, phase, layers, 0);
        clock.Report(GenerationStage.Denoising, step, 0, phase, null);
    }

    /// <summary>A layer of a pass is done.</summary>
    public void Report(int value) =>
        clock.Report(GenerationStage.Denoising, _step, (double)++_done / (_layers + 1), _phase, null);

    /// <summary>A step is done.</summary>
    public void EndStep(StepTiming timing) => clock.Report(GenerationStage.Denoising, _step + 1, 0, _phase, timing);
}
