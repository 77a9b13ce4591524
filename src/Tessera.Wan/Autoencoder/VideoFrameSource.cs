namespace Tessera.Wan.Autoencoder;

/// <summary>Hands out the frames of a video, in order, as they are encoded.</summary>
/// <param name="first">Number of the first frame asked for.</param>
/// <param name="pixels">Receives pixels in [-1, 1], [frames, height, width, 3]; its length says how many frames.</param>
public delegate void VideoFrameSource(int first, Span<float> pixels);
