// What ends an emulated launch: the sentence that a test shows.
#pragma once
#include <exception>
#include <string>

namespace tessera::emulation {

class Fault : public std::exception {
public:
    explicit Fault(std::string message) : message_(std::move(message)) {}

    const char* what() const noexcept override { return message_.c_str(); }

private:
    std::string message_;
};

} // namespace tessera::emulation
