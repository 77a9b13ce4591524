using System.Buffers.Binary;
using System.Text;

namespace Tessera.Serialization.PyTorch;

/// <summary>
/// Reads the pickle of a PyTorch file and executes nothing: a stack machine that knows only the opcodes with which <c>torch.save</c>
/// describes tensors, and only the globals that stand for tensors, their storages and ordered dictionaries. Anything else is refused by
/// name.
/// </summary>
/// <remarks>
/// Protocol 2. No value is ever called or constructed by name: a permitted global is a case of a switch. Memory is bounded by the pickle's
/// length, because every opcode makes at most one value and copies none; nothing is recursive.
/// </remarks>
internal ref struct PickleReader
{
    /// <summary>Longest pickle that is read; a tensor takes about 200 bytes.</summary>
    public const int MaximumLength = 8 << 20;

    private const int MaximumGlobal = 256;
    private static readonly object MarkValue = new();
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private static readonly Dictionary<string, PickleGlobal> Globals = new(StringComparer.Ordinal)
    {
        ["collections.OrderedDict"] = new(PickleGlobalKind.OrderedDictionary),
        ["torch._utils._rebuild_tensor_v2"] = new(PickleGlobalKind.RebuildTensor),
        ["torch._utils._rebuild_parameter"] = new(PickleGlobalKind.RebuildParameter),
        ["torch.DoubleStorage"] = new(PickleGlobalKind.Storage, TensorDataType.Float64),
        ["torch.FloatStorage"] = new(PickleGlobalKind.Storage, TensorDataType.Float32),
        ["torch.HalfStorage"] = new(PickleGlobalKind.Storage, TensorDataType.Float16),
        ["torch.BFloat16Storage"] = new(PickleGlobalKind.Storage, TensorDataType.BFloat16),
        ["torch.LongStorage"] = new(PickleGlobalKind.Storage, TensorDataType.Int64),
        ["torch.IntStorage"] = new(PickleGlobalKind.Storage, TensorDataType.Int32),
        ["torch.ShortStorage"] = new(PickleGlobalKind.Storage, TensorDataType.Int16),
        ["torch.CharStorage"] = new(PickleGlobalKind.Storage, TensorDataType.Int8),
        ["torch.ByteStorage"] = new(PickleGlobalKind.Storage, TensorDataType.UInt8),
        ["torch.BoolStorage"] = new(PickleGlobalKind.Storage, TensorDataType.Boolean),
    };

    private readonly ReadOnlySpan<byte> _bytes;
    private readonly string _source;
    private readonly List<object?> _stack = [];
    private readonly Dictionary<uint, object?> _memo = [];
    private int _at;

    private PickleReader(ReadOnlySpan<byte> bytes, string source)
    {
        _bytes = bytes;
        _source = source;
    }

    /// <summary>Reads one pickle.</summary>
    /// <param name="bytes">The pickle.</param>
    /// <param name="source">Name for messages.</param>
    /// <returns>What it describes: a dictionary, a tensor, or a plain value.</returns>
    /// <exception cref="TensorFormatException">It is damaged, or holds anything but tensors.</exception>
    public static object? Read(ReadOnlySpan<byte> bytes, string source)
    {
        PickleReader reader = new(bytes, source);
        if (bytes.Length > MaximumLength)
        {
            throw reader.Fault($"has {bytes.Length} bytes; at most {MaximumLength} are read");
        }

        return reader.Run();
    }

    private object? Run()
    {
        while (true)
        {
            int start = _at;
            byte opcode = Take(1)[0];
            if (opcode == PickleOpcodes.Stop)
            {
                object? result = Pop();
                return _stack.Count == 0 ? result : throw Fault($"leaves {_stack.Count} values behind its result");
            }

            if (!ReadConstant(opcode) && !ReadMemoOrContainer(opcode) && !ReadObject(opcode))
            {
                throw Fault(
                    $"holds the opcode {PickleOpcodes.NameOf(opcode)} at byte {start}, which describes no tensor; nothing was executed");
            }
        }
    }

    private bool ReadConstant(byte opcode)
    {
        switch (opcode)
        {
            case PickleOpcodes.Proto:
                byte protocol = Take(1)[0];
                return protocol == 2 ? true : throw Fault($"has protocol {protocol}; wanted 2, which torch.save writes by default");
            case PickleOpcodes.None:
                return Push(null);
            case PickleOpcodes.NewTrue:
                return Push(true);
            case PickleOpcodes.NewFalse:
                return Push(false);
            case PickleOpcodes.BinInt1:
                return Push((long)Take(1)[0]);
            case PickleOpcodes.BinInt2:
                return Push((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2)));
            case PickleOpcodes.BinInt:
                return Push((long)BinaryPrimitives.ReadInt32LittleEndian(Take(4)));
            case PickleOpcodes.Long1:
                return Push(ReadLong());
            case PickleOpcodes.BinUnicode:
                return Push(ReadText());
            default:
                return false;
        }
    }

    private bool ReadMemoOrContainer(byte opcode)
    {
        switch (opcode)
        {
            case PickleOpcodes.BinPut:
                return Remember(Take(1)[0]);
            case PickleOpcodes.LongBinPut:
                return Remember(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)));
            case PickleOpcodes.BinGet:
                return Push(Recall(Take(1)[0]));
            case PickleOpcodes.LongBinGet:
                return Push(Recall(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))));
            case PickleOpcodes.Mark:
                return Push(MarkValue);
            case PickleOpcodes.EmptyTuple:
                return Push(new PickleTuple([]));
            case PickleOpcodes.Tuple1:
                return Push(new PickleTuple([Pop()]));
            case PickleOpcodes.Tuple2:
                return Push(new PickleTuple(PopMany(2)));
            case PickleOpcodes.Tuple3:
                return Push(new PickleTuple(PopMany(3)));
            case PickleOpcodes.Tuple:
                return Push(new PickleTuple(PopToMark()));
            case PickleOpcodes.EmptyDict:
                return Push(new PickleDictionary());
            case PickleOpcodes.EmptyList:
                return Push(new PickleList());
            default:
                return false;
        }
    }

    private bool ReadObject(byte opcode)
    {
        switch (opcode)
        {
            case PickleOpcodes.Global:
                return Push(ReadGlobal());
            case PickleOpcodes.BinPersId:
                return Push(ReadStorage(Pop()));
            case PickleOpcodes.Reduce:
                object? arguments = Pop();
                return Push(Rebuild(Pop(), arguments));
            case PickleOpcodes.Build:
                // The state of an OrderedDict is module metadata, which no reader of weights needs.
                bool isState = Pop() is PickleDictionary or PickleTuple;
                return isState && Peek() is PickleDictionary ? true : throw Fault("sets the state of a value that is no OrderedDict");
            case PickleOpcodes.SetItem:
                return SetItems(PopMany(2));
            case PickleOpcodes.SetItems:
                return SetItems(PopToMark());
            case PickleOpcodes.Append:
                _ = Pop();
                return Peek() is PickleList ? true : throw Fault("appends to a value that is no list");
            case PickleOpcodes.Appends:
                _ = PopToMark();
                return Peek() is PickleList ? true : throw Fault("appends to a value that is no list");
            default:
                return false;
        }
    }

    private readonly object Rebuild(object? function, object? arguments) => (function, arguments) switch
    {
        (PickleGlobal { Kind: PickleGlobalKind.OrderedDictionary }, PickleTuple { Items: [] }) => new PickleDictionary(),
        (PickleGlobal { Kind: PickleGlobalKind.RebuildParameter }, PickleTuple { Items: [PickleTensor tensor, bool, _] }) => tensor,
        (PickleGlobal { Kind: PickleGlobalKind.RebuildTensor },
            PickleTuple { Items: [PickleStorage storage, long offset, PickleTuple shape, PickleTuple stride, bool, ..] items })
            when items.Length is 6 or 7 => new PickleTensor(storage, offset, Numbers(shape), Numbers(stride)),
        (PickleGlobal global, _) => throw Fault($"calls {global.Kind} with arguments that describe no tensor; nothing was executed"),
        _ => throw Fault("calls a value that is no function; nothing was executed"),
    };

    private readonly PickleStorage ReadStorage(object? identity) =>
        identity is PickleTuple { Items: ["storage", PickleGlobal { Kind: PickleGlobalKind.Storage } type, string key, string, long count] }
            ? new PickleStorage(type.ElementType, key, count)
            : throw Fault("holds a persistent id that is not ('storage', type, key, location, count)");

    private readonly long[] Numbers(PickleTuple tuple)
    {
        long[] numbers = new long[tuple.Items.Length];
        for (int i = 0; i < numbers.Length; i++)
        {
            numbers[i] = tuple.Items[i] is long number
                ? number
                : throw Fault("describes a tensor whose shape or stride is not of integers");
        }

        return numbers;
    }

    private readonly bool SetItems(object?[] items)
    {
        if (Peek() is not PickleDictionary dictionary || items.Length % 2 != 0)
        {
            throw Fault("sets items of a value that is no dictionary, or a key without a value");
        }

        for (int i = 0; i < items.Length; i += 2)
        {
            dictionary.Add(items[i] as string ?? throw Fault("holds a dictionary with a key that is no string"), items[i + 1]);
        }

        return true;
    }

    private PickleGlobal ReadGlobal()
    {
        string module = ReadLine();
        string name = $"{module}.{ReadLine()}";
        return Globals.TryGetValue(name, out PickleGlobal? global)
            ? global
            : throw Fault($"asks for '{FaultList.Shorten(name)}', which is no part of a tensor; nothing was executed");
    }

    private string ReadLine()
    {
        ReadOnlySpan<byte> left = _bytes[_at..];
        int length = left[..Math.Min(left.Length, MaximumGlobal)].IndexOf((byte)'\n');
        if (length < 0)
        {
            throw Fault($"holds a global at byte {_at} without an end");
        }

        _at += length + 1;
        return Encoding.ASCII.GetString(left[..length]);
    }

    private long ReadLong()
    {
        ReadOnlySpan<byte> bytes = Take(Take(1)[0]);
        if (bytes.Length > 8)
        {
            throw Fault($"holds an integer of {bytes.Length} bytes; at most 8 are read");
        }

        long value = bytes.Length > 0 && (bytes[^1] & 0x80) != 0 ? -1 : 0;
        for (int i = bytes.Length - 1; i >= 0; i--)
        {
            value = (value << 8) | bytes[i];
        }

        return value;
    }

    private string ReadText()
    {
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(Take(4));
        ReadOnlySpan<byte> text = Take(length <= int.MaxValue ? (int)length : int.MaxValue);
        try
        {
            return StrictUtf8.GetString(text);
        }
        catch (DecoderFallbackException error)
        {
            throw new TensorFormatException($"{_source}: the pickle holds a name at byte {_at - text.Length} that is not UTF-8.", error);
        }
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _bytes.Length - _at)
        {
            throw Fault($"ends at byte {_bytes.Length} in the middle of an opcode; it was cut short");
        }

        ReadOnlySpan<byte> taken = _bytes.Slice(_at, count);
        _at += count;
        return taken;
    }

    private readonly bool Remember(uint index)
    {
        _memo[index] = Peek();
        return true;
    }

    private readonly object? Recall(uint index) =>
        _memo.TryGetValue(index, out object? value) ? value : throw Fault($"recalls value {index}, which it never stored");

    private readonly bool Push(object? value)
    {
        _stack.Add(value);
        return true;
    }

    private readonly object? Peek() =>
        _stack.Count > 0 && _stack[^1] != MarkValue ? _stack[^1] : throw Fault($"takes a value from an empty stack before byte {_at}");

    private readonly object? Pop()
    {
        object? value = Peek();
        _stack.RemoveAt(_stack.Count - 1);
        return value;
    }

    private readonly object?[] PopMany(int count)
    {
        object?[] items = new object?[count];
        for (int i = count - 1; i >= 0; i--)
        {
            items[i] = Pop();
        }

        return items;
    }

    private readonly object?[] PopToMark()
    {
        int mark = _stack.LastIndexOf(MarkValue);
        if (mark < 0)
        {
            throw Fault($"lacks a mark before byte {_at}");
        }

        object?[] items = [.. _stack.GetRange(mark + 1, _stack.Count - mark - 1)];
        _stack.RemoveRange(mark, _stack.Count - mark);
        return items;
    }

    private readonly TensorFormatException Fault(string fault) => new($"{_source}: the pickle {fault}.");
}
