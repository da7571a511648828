; Our part of the installer in a frame like electron-builder's (its templates need plug-ins that are not at hand): the
; same macros at the same places, for 64 bits, so that it runs under a Wine that knows no others.
; -DINSTALLER=installer.nsh -DAPP=FOLDER -DOUT=FILE
Target amd64-unicode
!include LogicLib.nsh
!include FileFunc.nsh
!include x64.nsh

Name "Culvert"
OutFile "${OUT}"
InstallDir "$PROGRAMFILES64\Culvert"
RequestExecutionLevel admin
SetCompress off

; electron-builder's word for an uninstaller that an upgrade calls.
!macro _isUpdated _a _b _t _f
  ClearErrors
  ${GetParameters} $R9
  ${GetOptions} $R9 "--updated" $R8
  IfErrors `${_f}` `${_t}`
!macroend
!define isUpdated `"" isUpdated ""`

!include "${INSTALLER}"

Function .onInit
  !insertmacro customInit
FunctionEnd

Section "install"
  SetOutPath $INSTDIR
  File /r "${APP}/*"
  WriteUninstaller "$INSTDIR\Uninstall Culvert.exe"
  !insertmacro customInstall
SectionEnd

Section "un.Uninstall"
  !insertmacro customUnInstall
  SetOutPath $TEMP
  RMDir /r $INSTDIR
SectionEnd
