namespace Tessera.Cuda.Compilation;

/// <summary>Code that the driver loads.</summary>
/// <param name="Bytes">A cubin, or PTX that ends in a zero byte.</param>
/// <param name="Origin">Where it came from, for reports.</param>
/// <param name="Fingerprint">Identity of source and options, as <c>gpu/verified.json</c> has it.</param>
internal sealed record KernelImage(byte[] Bytes, string Origin, string Fingerprint);
