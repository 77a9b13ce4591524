namespace Tessera.Serialization;

/// <summary>
/// Named tensors that lie in files as they were stored: one safetensors file, a sharded one, or a PyTorch file. Opening reads names and
/// shapes; data is paged in as it is touched. Safe for concurrent readers until disposed.
/// </summary>
public interface ITensorSource : IDisposable
{
    /// <summary>Path or name, for messages.</summary>
    string Source { get; }

    /// <summary>All tensors.</summary>
    IReadOnlyList<TensorDescription> Tensors { get; }

    /// <summary>Whether there is a tensor of that name.</summary>
    bool Contains(string name);

    /// <summary>A tensor as stored, valid until the source is disposed.</summary>
    /// <exception cref="TensorFormatException">There is no tensor of that name.</exception>
    StoredTensor Tensor(string name);
}
