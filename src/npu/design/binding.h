// Which argument fits which parameter of a kernel, decided by the compiler: In<bf16> takes the
// consuming end of a FIFO of bfloat16, Out<bf16> the producing one, Number an integer or a word
// that the sequence writes. bind() of a tag lists what it takes; there is nothing else to learn.
#pragma once

#include "npu/design/cores.h"
#include "npu/design/streams.h"

namespace sotto::npu::design {

inline constexpr Element i8 = Element::i8, u8 = Element::u8, i16 = Element::i16,
                         bf16 = Element::bf16, i32 = Element::i32, f32 = Element::f32;

struct LockOfRing : RingLock {};
template <Element E>
struct BufferOfRing : RingBuffer {};

/// An end of a FIFO; as an argument, the object that was acquired first.
template <Element E>
struct End {
  EndRef ref;
  operator EndRef() const { return ref; }
  /// For cores that own their locks.
  BufferOfRing<E> buffer(int index) const { return {{ref, index}}; }
  LockOfRing empty() const { return {{ref, RingLock::Which::empty}}; }
  LockOfRing full() const { return {{ref, RingLock::Which::full}}; }
};
template <Element E>
struct HeldIn : HeldObject {};
template <Element E>
struct HeldOut : HeldObject {};
template <Element E>
struct Consumer : End<E> {
  /// The object that was acquired n objects after the first.
  HeldIn<E> held(int n) const { return {{this->ref, n}}; }
};
template <Element E>
struct Producer : End<E> {
  HeldOut<E> held(int n) const { return {{this->ref, n}}; }
};

template <Element E>
struct FifoOf : FifoRef {
  Producer<E> producer() const { return {{{*this, kProducer}}}; }
  Consumer<E> consumer(int n = 0) const { return {{{*this, n}}}; }
};
template <Element E>
struct BufferOf : BufferRef {};
struct LockHandle : LockRef {};
struct Parameters : BufferRef {
  ParameterWord operator[](int index) const { return {*this, index}; }
};

// --- the parameters of kernels

template <Element E>
struct In {
  static Parameter parameter() { return {Access::in, E}; }
  static Argument bind(Consumer<E> end) { return HeldObject{end.ref, 0}; }
  static Argument bind(HeldIn<E> held) { return static_cast<HeldObject>(held); }
  static Argument bind(BufferOf<E> buffer) { return static_cast<BufferRef>(buffer); }
  static Argument bind(BufferOfRing<E> buffer) { return static_cast<RingBuffer>(buffer); }
};
template <Element E>
struct Out {
  static Parameter parameter() { return {Access::out, E}; }
  static Argument bind(Producer<E> end) { return HeldObject{end.ref, 0}; }
  static Argument bind(HeldOut<E> held) { return static_cast<HeldObject>(held); }
  static Argument bind(BufferOf<E> buffer) { return static_cast<BufferRef>(buffer); }
  static Argument bind(BufferOfRing<E> buffer) { return static_cast<RingBuffer>(buffer); }
};
template <Element E>
struct InOut : Out<E> {
  static Parameter parameter() { return {Access::in_out, E}; }
};
struct Number {
  static Parameter parameter() { return {Access::number, Element::i32}; }
  static Argument bind(int value) { return static_cast<std::int32_t>(value); }
  static Argument bind(ParameterWord word) { return word; }
};
struct LockId {
  static Parameter parameter() { return {Access::lock, Element::i32}; }
  static Argument bind(LockOfRing lock) { return static_cast<RingLock>(lock); }
  static Argument bind(LockHandle lock) { return static_cast<LockRef>(lock); }
};

template <typename P, typename A>
concept Binds = requires(A argument) { P::bind(argument); };

/// A kernel with these parameters. Calling it binds arguments; call() makes that a statement.
template <typename... P>
struct KernelOf : KernelRef {
  template <typename... A>
    requires(sizeof...(A) == sizeof...(P)) && (Binds<P, A> && ...)
  Call operator()(A... arguments) const {
    return {*this, {P::bind(arguments)...}};
  }
};

}  // namespace sotto::npu::design
