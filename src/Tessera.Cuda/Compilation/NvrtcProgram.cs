using System.Runtime.InteropServices;

namespace Tessera.Cuda.Compilation;

/// <summary>A program that NVRTC holds.</summary>
internal sealed class NvrtcProgram : SafeHandle
{
    public NvrtcProgram(nint program)
        : base(0, ownsHandle: true) => SetHandle(program);

    public override bool IsInvalid => handle == 0;

    public nint Value => handle;

    protected override bool ReleaseHandle() => NvrtcImports.DestroyProgram(ref handle) == NvrtcStatus.Success;
}
