namespace Tessera.Wan.Text;

/// <summary>How a protobuf field is encoded.</summary>
internal enum ProtobufWire
{
    /// <summary>Seven bits a byte.</summary>
    Varint = 0,

    /// <summary>Eight bytes.</summary>
    Fixed64 = 1,

    /// <summary>A length, then bytes.</summary>
    Bytes = 2,

    /// <summary>Four bytes.</summary>
    Fixed32 = 5,
}
