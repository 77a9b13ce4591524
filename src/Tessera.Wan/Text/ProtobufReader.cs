using System.Buffers.Binary;
using Tessera.Neural.Checkpoints;

namespace Tessera.Wan.Text;

/// <summary>
/// Walks the fields of one protobuf message: varints, fixed 32 and 64 bits, and length-delimited bytes. Groups, which proto2 deprecated,
/// are refused. Every length is checked against the message.
/// </summary>
/// <remarks>Format: Protocol Buffers, "Encoding".</remarks>
internal ref struct ProtobufReader(ReadOnlySpan<byte> message, string source)
{
    private const int MaximumVarint = 10;

    private readonly ReadOnlySpan<byte> _message = message;
    private readonly string _source = source;
    private int _at;

    /// <summary>Number of the current field.</summary>
    public int Field { get; private set; }

    /// <summary>Encoding of the current field.</summary>
    public ProtobufWire Wire { get; private set; }

    /// <summary>Value of a varint or fixed field.</summary>
    public ulong Number { get; private set; }

    /// <summary>Content of a length-delimited field.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    /// <summary>Goes to the next field.</summary>
    /// <returns>False at the end of the message.</returns>
    /// <exception cref="CheckpointFormatException">The message is damaged.</exception>
    public bool Read()
    {
        if (_at == _message.Length)
        {
            return false;
        }

        ulong key = ReadVarint();
        Field = key >> 3 is > 0 and < (1 << 29) ? (int)(key >> 3) : throw Fault($"has field number {key >> 3}");
        Wire = (ProtobufWire)(key & 7);
        Bytes = default;
        Number = 0;
        switch (Wire)
        {
            case ProtobufWire.Varint:
                Number = ReadVarint();
                break;
            case ProtobufWire.Fixed64:
                Number = BinaryPrimitives.ReadUInt64LittleEndian(Take(8));
                break;
            case ProtobufWire.Fixed32:
                Number = BinaryPrimitives.ReadUInt32LittleEndian(Take(4));
                break;
            case ProtobufWire.Bytes:
                ulong length = ReadVarint();
                Bytes = Take(length <= int.MaxValue ? (int)length : int.MaxValue);
                break;
            default:
                throw Fault($"has wire type {(int)Wire}, which is not read");
        }

        return true;
    }

    /// <summary>The current field as bytes.</summary>
    /// <exception cref="CheckpointFormatException">It is encoded otherwise.</exception>
    public readonly ReadOnlySpan<byte> RequireBytes() =>
        Wire == ProtobufWire.Bytes ? Bytes : throw Fault($"has field {Field} as {Wire}, not as bytes");

    /// <summary>The current field as an integer.</summary>
    /// <exception cref="CheckpointFormatException">It is encoded otherwise.</exception>
    public readonly long RequireInteger() =>
        Wire == ProtobufWire.Varint ? (long)Number : throw Fault($"has field {Field} as {Wire}, not as an integer");

    /// <summary>The current field as binary32.</summary>
    /// <exception cref="CheckpointFormatException">It is encoded otherwise.</exception>
    public readonly float RequireSingle() =>
        Wire == ProtobufWire.Fixed32
            ? BitConverter.UInt32BitsToSingle((uint)Number)
            : throw Fault($"has field {Field} as {Wire}, not as a 32-bit float");

    private ulong ReadVarint()
    {
        ulong value = 0;
        for (int i = 0; i < MaximumVarint; i++)
        {
            byte part = Take(1)[0];
            value |= (ulong)(part & 0x7F) << (7 * i);
            if (part < 0x80)
            {
                return value;
            }
        }

        throw Fault($"has a number of more than {MaximumVarint} bytes");
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _message.Length - _at)
        {
            throw Fault("ends in the middle of a field; it was cut short");
        }

        ReadOnlySpan<byte> taken = _message.Slice(_at, count);
        _at += count;
        return taken;
    }

    private readonly CheckpointFormatException Fault(string fault) =>
        new($"{_source}: the SentencePiece model {fault} (byte {_at} of a message of {_message.Length}).");
}
