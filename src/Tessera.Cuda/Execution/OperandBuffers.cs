using Tessera.Cuda.Memory;

namespace Tessera.Cuda.Execution;

/// <summary>Where an operand lies once it is quantised.</summary>
/// <param name="Codes">Codes.</param>
/// <param name="Scales">Scales.</param>
/// <param name="Maxima">Largest magnitudes of groups; no bytes when they are met while quantising.</param>
internal readonly record struct OperandBuffers(ArenaSlice Codes, ArenaSlice Scales, ArenaSlice Maxima);
