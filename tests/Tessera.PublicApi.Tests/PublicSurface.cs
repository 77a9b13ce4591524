using System.Reflection;
using System.Text;

namespace Tessera.PublicApi.Tests;

/// <summary>The exported types and members of an assembly as sorted text, one line each: what a review of the public surface reads.</summary>
internal static class PublicSurface
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    public static string Of(Assembly assembly)
    {
        StringBuilder text = new();
        foreach (Type type in assembly.GetExportedTypes().OrderBy(static type => type.FullName, StringComparer.Ordinal))
        {
            text.Append(Describe(type)).Append('\n');
            IEnumerable<string> members = type.GetMembers(Declared).Select(member => Describe(type, member)).OfType<string>().Order(StringComparer.Ordinal);
            foreach (string member in members)
            {
                text.Append("    ").Append(member).Append('\n');
            }
        }

        return text.ToString();
    }

    private static string Describe(Type type)
    {
        string kind = type.IsEnum ? "enum" : type.IsInterface ? "interface" : type.IsValueType ? "struct"
            : typeof(Delegate).IsAssignableFrom(type) ? "delegate" : type is { IsAbstract: true, IsSealed: true } ? "static class"
            : type.IsSealed ? "sealed class" : type.IsAbstract ? "abstract class" : "class";
        string bases = string.Join(", ", type.GetInterfaces().Where(static face => face is { IsPublic: true, Namespace: not null } && face.Namespace.StartsWith("Tessera", StringComparison.Ordinal)).Select(Name).Order(StringComparer.Ordinal));
        return $"{kind} {type.Namespace}.{Name(type)}{(bases.Length > 0 ? $" : {bases}" : "")}";
    }

    private static string? Describe(Type owner, MemberInfo member) => member switch
    {
        FieldInfo { IsPublic: true, IsSpecialName: false } field when owner.IsEnum => $"{field.Name} = {field.GetRawConstantValue()}",
        FieldInfo { IsPublic: true, IsSpecialName: false } field => $"{(field.IsLiteral ? "const " : field.IsStatic ? "static " : "")}{Name(field.FieldType)} {field.Name}",
        ConstructorInfo constructor when IsVisible(constructor) => $"{Name(owner)}({Parameters(constructor)})",
        PropertyInfo property when IsVisible(property.GetMethod) || IsVisible(property.SetMethod) => $"{Modifiers(property.GetMethod ?? property.SetMethod!)}{Name(property.PropertyType)} {property.Name}{Index(property)} {{ {(IsVisible(property.GetMethod) ? "get; " : "")}{(IsVisible(property.SetMethod) ? "set; " : "")}}}",
        EventInfo happening when IsVisible(happening.AddMethod) => $"event {Name(happening.EventHandlerType!)} {happening.Name}",
        MethodInfo method when IsVisible(method) && (!method.IsSpecialName || method.Name.StartsWith("op_", StringComparison.Ordinal)) && !IsGenerated(owner, method) =>
            $"{Modifiers(method)}{Name(method.ReturnType)} {method.Name}{Generic(method)}({Parameters(method)})",
        _ => null,
    };

    /// <summary>Members that the compiler writes for every record say nothing about a design.</summary>
    private static bool IsGenerated(Type owner, MethodInfo method) =>
        method.Name is "<Clone>$" or "PrintMembers" or "Deconstruct" or "GetHashCode" or "Equals" or "ToString" or "op_Equality" or "op_Inequality"
        || method.IsDefined(typeof(System.Runtime.CompilerServices.CompilerGeneratedAttribute)) && !owner.IsInterface;

    private static bool IsVisible(MethodBase? method) => method is { IsPublic: true } or { IsFamily: true } or { IsFamilyOrAssembly: true };

    private static string Modifiers(MethodInfo method) => $"{(method.IsStatic ? "static " : "")}{(method is { IsAbstract: true } && method.DeclaringType is { IsInterface: false } ? "abstract " : "")}";

    private static string Index(PropertyInfo property) => property.GetIndexParameters() is { Length: > 0 } index ? $"[{string.Join(", ", index.Select(Describe))}]" : "";

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(Describe));

    private static string Describe(ParameterInfo parameter) =>
        $"{(parameter.IsOut ? "out " : parameter.ParameterType.IsByRef ? parameter.IsIn ? "in " : "ref " : "")}{Name(parameter.ParameterType)} {parameter.Name}{(parameter.IsOptional ? $" = {parameter.RawDefaultValue ?? "default"}" : "")}";

    private static string Generic(MethodInfo method) => method.IsGenericMethodDefinition ? $"<{string.Join(", ", method.GetGenericArguments().Select(Name))}>" : "";

    private static string Name(Type type)
    {
        if (type.IsByRef)
        {
            return Name(type.GetElementType()!);
        }

        if (type.IsArray)
        {
            return $"{Name(type.GetElementType()!)}[{new string(',', type.GetArrayRank() - 1)}]";
        }

        if (type.IsPointer)
        {
            return $"{Name(type.GetElementType()!)}*";
        }

        string name = type is { IsNested: true, IsGenericParameter: false } ? $"{Name(type.DeclaringType!)}.{type.Name}" : type.Name;
        int tick = name.IndexOf('`', StringComparison.Ordinal);
        return tick < 0 ? name : $"{name[..tick]}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>";
    }
}
