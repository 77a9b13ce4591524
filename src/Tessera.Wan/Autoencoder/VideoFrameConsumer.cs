namespace Tessera.Wan.Autoencoder;

/// <summary>Receives the frames of a video in order, as they are decoded.</summary>
/// <param name="frames">The next frames; valid until the consumer returns.</param>
public delegate void VideoFrameConsumer(in VideoFrameGroup frames);
