namespace Tessera.Cli.Output;

/// <summary>A folder for a checkpoint, checked before gigabytes are written.</summary>
internal static class OutputFolder
{
    /// <summary>Refuses a folder that holds something already, or a drive without room.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="bytes">What will be written.</param>
    /// <param name="remedy">How to write less, a sentence.</param>
    /// <exception cref="CommandException">There is something, or no room.</exception>
    public static void RequireRoom(string folder, long bytes, string remedy)
    {
        string full = Path.GetFullPath(folder);
        if (File.Exists(full) || (Directory.Exists(full) && Directory.EnumerateFileSystemEntries(full).Any()))
        {
            throw CommandException.BadInput($"output '{folder}' is a file or a folder that is not empty; give the name of a new folder.");
        }

        DriveInfo drive = new(Path.GetPathRoot(full) is { Length: > 1 } root ? root : NearestFolder(full));
        if (drive.AvailableFreeSpace < bytes)
        {
            throw CommandException.BadInput(
                $"output '{folder}' needs {bytes / 1e9:0.0} GB; {drive.AvailableFreeSpace / 1e9:0.0} GB are free there. {remedy}");
        }
    }

    // On Unix a drive is whatever is mounted where the folder will be.
    private static string NearestFolder(string full)
    {
        DirectoryInfo? folder = new(full);
        while (folder is { Exists: false })
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? full;
    }
}
