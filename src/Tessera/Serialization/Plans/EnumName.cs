namespace Tessera.Serialization.Plans;

/// <summary>Enum members by their names; numbers and combinations are no names.</summary>
internal static class EnumName
{
    /// <summary>The member of a name.</summary>
    /// <exception cref="FormatException">There is none; the message lists those there are.</exception>
    public static T Parse<T>(string name)
        where T : struct, Enum =>
        Array.IndexOf(Enum.GetNames<T>(), name) >= 0
            ? Enum.Parse<T>(name)
            : throw new FormatException($"'{name}' is no {typeof(T).Name}; wanted one of {string.Join(", ", Enum.GetNames<T>())}");
}
