namespace Tessera.Serialization.PyTorch;

/// <summary>A tuple of a pickle.</summary>
/// <param name="Items">Its values.</param>
internal sealed record PickleTuple(object?[] Items);

/// <summary>A list of a pickle; its items say nothing about tensors and are dropped.</summary>
internal sealed class PickleList;

/// <summary>A dictionary of a pickle with string keys, in order of insertion.</summary>
internal sealed class PickleDictionary
{
    private List<KeyValuePair<string, object?>>? _items;

    public IReadOnlyList<KeyValuePair<string, object?>> Items => _items ?? [];

    public void Add(string key, object? value) => (_items ??= []).Add(new(key, value));
}

/// <summary>One of the globals that tensor files may name.</summary>
/// <param name="Kind">What it stands for.</param>
/// <param name="ElementType">Element type of a storage; ignored otherwise.</param>
internal sealed record PickleGlobal(PickleGlobalKind Kind, TensorDataType ElementType = default);

/// <summary>What a permitted global stands for.</summary>
internal enum PickleGlobalKind
{
    /// <summary><c>collections.OrderedDict</c>.</summary>
    OrderedDictionary = 0,

    /// <summary><c>torch._utils._rebuild_tensor_v2</c>.</summary>
    RebuildTensor,

    /// <summary><c>torch._utils._rebuild_parameter</c>.</summary>
    RebuildParameter,

    /// <summary><c>torch.FloatStorage</c> and its like.</summary>
    Storage,
}

/// <summary>The bytes of one or more tensors: the zip entry <c>data/Key</c>.</summary>
/// <param name="ElementType">Element type.</param>
/// <param name="Key">Name of the entry.</param>
/// <param name="Count">Elements.</param>
internal sealed record PickleStorage(TensorDataType ElementType, string Key, long Count);

/// <summary>A view of a storage.</summary>
/// <param name="Storage">The storage.</param>
/// <param name="Offset">First element.</param>
/// <param name="Shape">Extents, outermost first.</param>
/// <param name="Stride">Elements between neighbours along each extent.</param>
internal sealed record PickleTensor(PickleStorage Storage, long Offset, long[] Shape, long[] Stride);
