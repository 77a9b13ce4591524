namespace Tessera.Cuda.Driver;

/// <summary>CUdevice_attribute: what is asked of a device.</summary>
internal enum DeviceAttribute
{
    ClockRate = 13,
    MultiprocessorCount = 16,
    L2CacheSize = 38,
    ComputeCapabilityMajor = 75,
    ComputeCapabilityMinor = 76,
    SharedMemoryPerMultiprocessor = 81,
    RegistersPerMultiprocessor = 82,
    SharedMemoryPerBlockOptIn = 97,
}
