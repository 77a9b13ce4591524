using System.Diagnostics;

namespace Tessera.Wan.Transformer;

/// <summary>Adds up the time of each kind of work: whoever finishes some work says of which kind it was.</summary>
internal sealed class TransformerClock
{
    private long _last;
    private long _linears;
    private long _selfAttention;
    private long _crossAttention;
    private long _elementwise;
    private long _ends;

    public TransformerTimes Times => new(
        Stopwatch.GetElapsedTime(0, _linears), Stopwatch.GetElapsedTime(0, _selfAttention), Stopwatch.GetElapsedTime(0, _crossAttention),
        Stopwatch.GetElapsedTime(0, _elementwise), Stopwatch.GetElapsedTime(0, _ends));

    public void Restart()
    {
        _linears = _selfAttention = _crossAttention = _elementwise = _ends = 0;
        _last = Stopwatch.GetTimestamp();
    }

    public void Linear() => _linears += Lap();

    public void SelfAttention() => _selfAttention += Lap();

    public void CrossAttention() => _crossAttention += Lap();

    public void Elementwise() => _elementwise += Lap();

    public void Ends() => _ends += Lap();

    private long Lap()
    {
        long now = Stopwatch.GetTimestamp();
        long lap = now - _last;
        _last = now;
        return lap;
    }
}
