using Tessera.Wan.Autoencoder;

namespace Tessera.Wan.TinyAutoencoder;

/// <summary><see cref="GrowthLayers"/> on a flow of frames.</summary>
/// <param name="engine">What computes.</param>
/// <param name="layers">The layers.</param>
/// <param name="finish">What happens to the sums of the last convolution.</param>
/// <param name="unused">Leading output frames that nobody will look at and that are not computed.</param>
internal sealed class GrowthStage(FrameEngine engine, GrowthLayers layers, FrameFinish finish, int unused)
    : FrameStage(layers.Name, engine)
{
    private const int PositionsOfOne = 4;

    private int _index;

    public override void Push(Frame frame)
    {
        foreach (Neural.Convolutions.Convolution layer in layers.Frames)
        {
            if (_index++ < unused)
            {
                continue;
            }

            Frame grown = Engine.Rent(frame.Height, frame.Width, layer.OutputChannels);
            Engine.Convolve(layer, [], frame, grown, written: PositionsOfOne);
            Frame output = Engine.Rent(2 * frame.Height, 2 * frame.Width, layers.Spatial.OutputChannels);
            Engine.ConvolveDoubled(layers.Spatial, grown, output, finish);
            Engine.Return(grown);
            Emit(output);
        }

        Engine.Return(frame);
    }

    protected override void Forget() => _index = 0;
}
