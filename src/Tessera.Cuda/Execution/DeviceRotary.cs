using Tessera.Attention;
using Tessera.Cuda.Driver;
using Tessera.Cuda.Memory;
using Tessera.Cuda.Planning;

namespace Tessera.Cuda.Execution;

/// <summary>The rotary embedding of the last call on the device: one embedding serves all calls of a model.</summary>
internal sealed class DeviceRotary(ICudaDevice device) : IDisposable
{
    private RotaryEmbedding? _embedding;
    private DeviceConstants? _constants;
    private RotaryAddresses _addresses;

    /// <summary>Addresses of an embedding; sends it when it is another than the last.</summary>
    public RotaryAddresses Get(RotaryEmbedding? embedding)
    {
        if (embedding is null)
        {
            return RotaryAddresses.None;
        }

        if (!ReferenceEquals(embedding, _embedding))
        {
            Dispose();
            RotaryTables tables = new(embedding);
            DeviceConstants constants = new();
            ArenaSlice positions = constants.Add(tables.Positions);
            ArenaSlice factors = constants.Add(tables.Factors);
            constants.Send(device);
            _constants = constants;
            _addresses = new RotaryAddresses(
                constants.AddressOf(positions), constants.AddressOf(factors), tables.SecondFirst, tables.ThirdFirst, tables.SecondOffset,
                tables.ThirdOffset);
            _embedding = embedding;
        }

        return _addresses;
    }

    public void Dispose()
    {
        _constants?.Dispose();
        _constants = null;
        _embedding = null;
    }
}
